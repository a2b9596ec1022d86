import { jsonCodec, RecordCollector, run, stream } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const numbers = jsonCodec<number>(() => undefined)
const source = stream('numbers', numbers, { timestampMs: () => 0 })
const forEver = source.to('numbers', numbers)

test('a topic that is written by what reads it for ever is told by the driver, which does not try for ever', async () => {
  const driver = new TopologyTestDriver(forEver)
  await expect(driver.input('numbers', numbers).pipe('a', 1)).rejects.toThrow(
    'after 10000 turns there is still something to process: numbers is read and written by the same topology',
  )
})

test('one that comes to an end is read to its end', async () => {
  const driver = new TopologyTestDriver(
    source
      .filter((number) => number > 0)
      .map((number) => number - 1)
      .to('numbers', numbers),
  )
  await driver.input('numbers', numbers).pipe('a', 500)
  expect(driver.read('numbers', numbers).at(-1)?.value).toBe(0)
})

test('an application on Kafka in memory that never runs out of records leaves others their turns, and can be stopped', async () => {
  const kafka = new InMemoryKafka()
  kafka.createTopic('numbers')
  kafka.createTopic('app-dlq')
  const collector = new RecordCollector(kafka.producer())
  await collector.open('numbers')
  collector.add({ topic: 'numbers', key: 'a', value: 1, codec: numbers, timestampMs: 0 })
  await collector.flush()
  const app = run(forEver, { applicationId: 'app', kafka, guarantee: 'exactly-once', commitIntervalMs: 0 })
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  await app.stop()
  expect(app.health().processed).toBeGreaterThan(1)
})
