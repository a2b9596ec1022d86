import { jsonCodec, stream, topology } from '@tidemark/streams'
import { count, tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

interface Visit {
  readonly page: string
  readonly atMs: number
}

const visits = jsonCodec<Visit>(() => undefined)
const numbers = jsonCodec<number>(() => undefined)
const timestampMs = ({ atMs }: Visit) => atMs

/** Visits come by visitor, and are counted by page: behind a topic that is written here, and read again. */
const byPage = topology(
  stream('visits', visits, { timestampMs })
    .selectKey(({ page }) => page)
    .to('visits-by-page', visits),
  stream('visits-by-page', visits, { timestampMs, clock: 'key' })
    .groupByKey()
    .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
    .aggregate(count(), { emit: 'on-close' })
    .to('visits-per-page', numbers),
)
const records = ([10, 20, 30, 1_000, 1_001, 1_002] as const).map(
  (atMs, at) => [`visitor ${at % 3}`, { page: ['/a', '/b', '/c'][at % 3]!, atMs }] as const,
)

test.each(['exactly-once', 'at-least-once'] as const)(
  'a topic that an application writes with new keys, and reads again, has each record once, %s',
  async (guarantee) => {
    const driver = new TopologyTestDriver(byPage, { partitions: 3, guarantee })
    const input = driver.input('visits', visits)
    await input.pipeAll(records.slice(0, 3))
    await driver.close()
    await input.pipeAll(records.slice(3))
    const counts = driver.read('visits-per-page', numbers).map(({ key, value }) => `${key} ${value}`)
    expect(counts.sort()).toEqual(['/a 1', '/b 1', '/c 1'])
  },
)

test('a topic that an application reads again needs as many partitions as its other sources', async () => {
  const kafka = new InMemoryKafka()
  kafka.createTopic('visits-by-page', 2)
  const driver = new TopologyTestDriver(byPage, { partitions: 3, kafka })
  await expect(driver.settle()).rejects.toThrow(
    'topics visits and visits-by-page are read together but have 3 and 2 partitions: give them the same number',
  )
})
