import { RecordCollector, type Codec } from '@tidemark/streams'
import { TopologyTestDriver } from '@tidemark/testing'
import { expect, test } from 'vitest'
import { throwIfNotAsMade, writeLoad } from '../load.ts'
import { readBack } from '../read-back.ts'
import { seededRandom } from '../seeded-random.ts'
import { sampleCodec, type Job, type Read } from './job.ts'
import { jobs } from './jobs.ts'
import { expectedWindows } from './windows-job.ts'

const topics = { input: 'in', output: 'out', table: 'table' }

/** Runs a job over its load, undisturbed. */
async function judged(job: Job, records: number) {
  const driver = new TopologyTestDriver(job.topology(topics), { partitions: 2 })
  const { kafka } = driver
  const collector = new RecordCollector(kafka.producer())
  if (job.table !== undefined) await collector.open(topics.table)
  for (const [key, value] of job.table ?? []) collector.addBytes({ topic: topics.table, key, value, timestampMs: 0 })
  await collector.flush()
  const samples = job.load(seededRandom(1))
  await writeLoad({ kafka, topic: topics.input, samples, goOn: async (written) => written < records })
  await driver.settle()
  const read = <V>(topic: string, codec: Codec<V>) => readBack(kafka.logReader(), topic, codec)
  const written = await read(topics.input, sampleCodec)
  expect(written.length).toBeGreaterThanOrEqual(records)
  const throwIfNotAsLoad = (found: typeof written) => throwIfNotAsMade(found, job.load(seededRandom(1)), written.length)
  throwIfNotAsLoad(written)
  for (const wrong of [written.slice(1), [...written.slice(1), written[1]!]]) {
    expect(() => throwIfNotAsLoad(wrong)).toThrow('records that were written')
  }
  return {
    verdict: await job.judge(written, (codec) => read(topics.output, codec)),
    ofLess: await job.judge(written.slice(0, -1), (codec) => read(topics.output, codec)),
  }
}

test.each(Object.entries(jobs))(
  'undisturbed, %s gives what its fold expects, and not what one of less does',
  async (_name, job) => {
    const { verdict, ofLess } = await judged(job, 5_000)
    const clean = { lost: 0, duplicate: 0, reordered: 0, mismatching: 0 }
    expect(verdict).toEqual(clean)
    expect(ofLess).not.toEqual(clean)
  },
)

test('copies that changed places in their partition, or went to another, are wrong', async () => {
  const read = ([partition, key, sequence]: readonly [number, string, number]) => ({
    ...{ partition, key: Buffer.from(key) },
    value: { sequence, timestampMs: 0, amount: 1 },
  })
  const written = [read([0, 'a', 0]), read([0, 'b', 0]), read([1, 'c', 0])]
  const judgedCopies = async (...copies: (readonly [number, string, number])[]) =>
    await jobs.copy.judge(written, async <V>() => copies.map(read) as unknown as Read<V>[])
  const right = { lost: 0, duplicate: 0, reordered: 0, mismatching: 0 }
  expect(await judgedCopies([1, 'c', 0], [0, 'a', 0], [0, 'b', 0])).toEqual(right)
  expect(await judgedCopies([0, 'b', 0], [0, 'a', 0], [1, 'c', 0])).toEqual({ ...right, reordered: 1 })
  expect(await judgedCopies([0, 'a', 0], [1, 'b', 0], [1, 'c', 0])).toEqual({ ...right, lost: 1, mismatching: 1 })
})

test('windows are recomputed from all samples at once', () => {
  const times = [10, 999, 1_000]
  const samples = times.map((timestampMs, sequence) => ({
    key: Buffer.from('a'),
    value: { sequence, timestampMs, amount: sequence + 1 },
  }))
  expect(expectedWindows(samples)).toEqual([
    ['a', { startMs: 0, count: 2, sum: 3, min: 1, max: 2, sequences: 1 }],
    ['a', { startMs: 1_000, count: 1, sum: 3, min: 3, max: 3, sequences: 2 }],
  ])
})
