import { jsonCodec, readBatches, readValues, RecordCollector } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { InMemoryKafka } from './in-memory-kafka.ts'

const numbers = jsonCodec<number>((json) => (typeof json === 'number' ? undefined : 'not a number'))

/** A topic of two partitions, with these values in them: text as it is. */
async function topicOf(...partitions: readonly (readonly (string | null)[])[]) {
  const kafka = new InMemoryKafka()
  kafka.createTopic('numbers', partitions.length)
  const collector = new RecordCollector(kafka.producer())
  await collector.open('numbers')
  for (const [partition, values] of partitions.entries()) {
    for (const text of values) {
      const value = text === null ? null : Buffer.from(text)
      collector.addBytes({ topic: 'numbers', partition, key: Buffer.from('a'), value, timestampMs: 0 })
    }
  }
  await collector.flush()
  return kafka.logReader()
}

test('a topic is read to its end, partition by partition, decoded, without the records that have no value', async () => {
  const reader = await topicOf(['1', null, '2'], [], ['3'])
  const read: string[] = []
  for await (const { partition, offset, key, value } of readValues(reader, 'numbers', numbers)) {
    read.push(`${partition}/${offset} ${key?.toString()}=${value}`)
  }
  expect(read).toEqual(['0/0 a=1', '0/2 a=2', '2/0 a=3'])
  let count = 0
  for await (const batch of readBatches(reader, 'numbers')) count += batch.count
  expect(count).toBe(4)
})

test('a schema that is not known is looked up once more, and a record that stays unreadable is named', async () => {
  const loaded: number[] = []
  const codec = {
    ...numbers,
    decode: (bytes: Buffer, start: number, end: number) =>
      loaded.length > 0
        ? numbers.decode(bytes, start, end)
        : { ok: false as const, issue: { code: 'unknown-schema' as const, message: 'schema 7', schemaId: 7 } },
    load: (schemaId: number) => Promise.resolve(loaded.push(schemaId) > 0),
  }
  const read: number[] = []
  const all = async () => {
    for await (const { value } of readValues(await topicOf(['1', '"two"']), 'numbers', codec)) read.push(value)
  }
  await expect(all()).rejects.toThrow('topic numbers partition 0 offset 1: not a number')
  expect([read, loaded]).toEqual([[1], [7]])
})
