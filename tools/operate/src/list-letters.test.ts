import { InMemoryKafka } from '@tidemark/testing'
import { expect, test } from 'vitest'
import { lettersTable, listLetters } from './list-letters.ts'
import { DLQ, letter, write } from './letters-fixture.ts'

const startMs = Date.UTC(2024, 7, 8, 10)

async function kafkaWith(records: Parameters<typeof letter>[0][], partitions = 1) {
  const kafka = new InMemoryKafka()
  kafka.createTopic(DLQ, partitions)
  await write(kafka, records.map(letter))
  return kafka.logReader()
}

const offsets = (list: Awaited<ReturnType<typeof listLetters>>) => list.letters.map(({ offset }) => offset)

test('keeps the newest letters up to the limit, oldest first, and says how many there are', async () => {
  const reader = await kafkaWith(Array.from({ length: 7 }, (_, index) => ({ ingestionTimeMs: startMs + index })))
  const list = await listLetters(reader, { topic: DLQ, limit: 2 })
  expect(offsets(list)).toEqual([5, 6])
  expect(list).toMatchObject({ matching: 7, total: 7 })
  expect(lettersTable(list)).toMatch(/the newest 2 of 7 dead letters$/)
})

test('chooses by code and by the time at which a letter was set aside, the time itself included', async () => {
  const reader = await kafkaWith([
    { code: 'malformed', ingestionTimeMs: startMs },
    { code: 'invalid', ingestionTimeMs: startMs + 1 },
    { code: 'malformed', ingestionTimeMs: startMs + 2 },
  ])
  expect(offsets(await listLetters(reader, { topic: DLQ, limit: 9, code: 'malformed' }))).toEqual([0, 2])
  expect(offsets(await listLetters(reader, { topic: DLQ, limit: 9, sinceMs: startMs + 1 }))).toEqual([1, 2])
  const none = await listLetters(reader, { topic: DLQ, limit: 9, code: 'late' })
  expect(lettersTable(none)).toBe('none of 3 dead letters is like that')
})

test('the newest are the newest of all partitions', async () => {
  const reader = await kafkaWith(
    [5, 1, 4, 2, 3, 0].map((age) => ({ key: Buffer.from(`key ${age}`), ingestionTimeMs: startMs - age })),
    3,
  )
  const { letters } = await listLetters(reader, { topic: DLQ, limit: 3 })
  expect(letters.map(({ timeMs }) => startMs - timeMs)).toEqual([2, 1, 0])
})

test('a row has position, time, code, attempts, source and message', async () => {
  const reader = await kafkaWith([{ ingestionTimeMs: startMs, attempts: 3 }])
  const table = lettersTable(await listLetters(reader, { topic: DLQ, limit: 1 }))
  const row = table.split('\n').find((line) => line.includes('malformed'))
  const cells = row?.split('│').map((cell) => cell.trim())
  expect(cells?.slice(1, -1)).toEqual([
    ...['0', '0', '2024-08-08 10:00:00.000', 'malformed', '3', 'orders/0/7'],
    'topic orders partition 0 offset 7: not JSON',
  ])
})

test('what a terminal would take for a command is shown, and a long message is cut', async () => {
  const reader = await kafkaWith([{ message: `\u001b[2J${'x'.repeat(500)}`, source: undefined }])
  const table = lettersTable(await listLetters(reader, { topic: DLQ, limit: 1 }))
  expect(table).toContain('\\u{1b}[2Jx')
  expect(table).not.toContain('\u001b')
  expect(table).toContain('x…')
})

test('letters of other programs, without reason headers, are listed with the time of their record', async () => {
  const kafka = new InMemoryKafka()
  kafka.createTopic(DLQ)
  await write(kafka, [{ topic: DLQ, key: null, value: Buffer.from('x'), timestampMs: startMs }])
  const { letters } = await listLetters(kafka.logReader(), { topic: DLQ, limit: 1 })
  expect(letters).toEqual([
    { partition: 0, offset: 0, timeMs: startMs, code: '', exception: '', message: '', attempts: 1 },
  ])
})
