import { InMemoryKafka } from '@tidemark/testing'
import { expect, test } from 'vitest'
import { DLQ, letter, write } from './letters-fixture.ts'
import { scanRange } from './scan-topic.ts'

test('only records of the range are shown, though batches reach beyond it', async () => {
  const kafka = new InMemoryKafka()
  kafka.createTopic(DLQ)
  await write(
    kafka,
    [1, 2, 3, 4, 5].map(() => letter()),
  )
  const offsetsIn = async (fromOffset: number, toOffset: number) => {
    const offsets: number[] = []
    const range = { partition: 0, fromOffset, toOffset }
    for await (const { cursor } of scanRange(kafka.logReader(), DLQ, range)) offsets.push(cursor.offset)
    return offsets
  }
  expect(await offsetsIn(1, 3)).toEqual([1, 2])
  expect(await offsetsIn(5, 5)).toEqual([])
})
