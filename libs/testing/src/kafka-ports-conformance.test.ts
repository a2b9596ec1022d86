import { onTestFinished, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { kafkaPortsConformance } from './kafka-ports-conformance.ts'

test.each(kafkaPortsConformance)('in memory: $law', async ({ check }) => {
  const kafka = new InMemoryKafka()
  let topics = 0
  await check({
    kafka,
    createTopic: async (partitions) => {
      const name = `topic-${topics++}`
      kafka.createTopic(name, partitions)
      return name
    },
    endSessions: async (groupId) => {
      const group = kafka.group(groupId)
      for (const member of [...group.members]) group.expel(member)
    },
    moment: async () => undefined,
    onEnd: onTestFinished,
  })
})
