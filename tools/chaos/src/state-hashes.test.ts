import { RecordCollector } from '@tidemark/streams'
import { TopologyTestDriver } from '@tidemark/testing'
import { expect, test } from 'vitest'
import { sampleCodec } from './jobs/job.ts'
import { jobs } from './jobs/jobs.ts'
import { writeLoad } from './load.ts'
import { readBack } from './read-back.ts'
import { seededRandom } from './seeded-random.ts'
import { isChangelog, judgeStates } from './state-hashes.ts'

const topics = { input: 'in', output: 'out', table: 'table' }
const partitions = 2
const job = jobs.steps

test('an application that nothing happened to keeps what the test driver does; a changelog that it lacks differs', async () => {
  const application = new TopologyTestDriver(job.topology(topics), { partitions })
  const { kafka } = application
  const collector = new RecordCollector(kafka.producer())
  await collector.open(topics.table)
  for (const [key, value] of job.table ?? []) collector.addBytes({ topic: topics.table, key, value, timestampMs: 0 })
  await collector.flush()
  await writeLoad({
    kafka,
    topic: topics.input,
    samples: job.load(seededRandom(1)),
    goOn: async (written) => written < 1_000,
    beforeSilence: async () => {
      await application.settle()
      const reader = kafka.logReader()
      const written = await readBack(reader, topics.input, sampleCodec)
      const applicationId = 'test-driver'
      const kept = { reader, applicationId, job, topics, written, partitions }
      const changelogs = kafka.topicNames.filter(isChangelog)
      const right = await judgeStates({ ...kept, changelogs })
      expect(right).toEqual({ stateEntries: expect.toSatisfy((count: number) => count > 0), differingStates: [] })
      expect(changelogs.length).toBeGreaterThan(1)
      for (const lacking of changelogs) {
        const judged = await judgeStates({ ...kept, changelogs: changelogs.filter((topic) => topic !== lacking) })
        expect(judged.differingStates).toEqual([lacking.slice(applicationId.length)])
      }
      const { differingStates } = await judgeStates({ ...kept, changelogs, written: written.slice(1) })
      expect(differingStates).not.toEqual([])
    },
  })
})
