import { setTimeout } from 'node:timers/promises'
import { kafkaPortsConformance } from '@tidemark/testing'
import { inject, test } from 'vitest'
import { endSessions, onRealCluster } from './cluster-fixture.ts'

test.concurrent.for(kafkaPortsConformance)('on a real cluster: $law', async ({ check }, { onTestFinished }) => {
  const { kafka, topic, admin, cluster } = await onRealCluster({
    bootstrapServers: inject('kafka'),
    onEnd: onTestFinished,
  })
  let topics = 0
  await check({
    kafka,
    createTopic: async (partitions) => {
      const name = `${topic}-${topics++}`
      await admin.createTopics([{ name, partitions }])
      return name
    },
    endSessions: (groupId) => endSessions(cluster, groupId),
    moment: () => setTimeout(10),
    onEnd: onTestFinished,
  })
})
