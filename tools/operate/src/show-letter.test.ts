import { avroCodec, inMemoryRegistry, type Alert } from '@tidemark/schemas'
import { InMemoryKafka } from '@tidemark/testing'
import { expect, test } from 'vitest'
import { DLQ, letter, write } from './letters-fixture.ts'
import { findLetter, letterLines, type SchemaLookup } from './show-letter.ts'

const alert: Alert = {
  id: 'whale_order:BTCUSDT:1m:0',
  rule: 'whale_order',
  symbol: 'BTCUSDT',
  severity: 'info',
  status: 'firing',
  value: 6,
  threshold: 1,
  started_at_ms: 60_000,
  resolved_at_ms: null,
  text: 'six of them',
  window: '1m',
  window_start_ms: 0,
}

async function linesOf(
  parts: Parameters<typeof letter>[0],
  options: { schemas?: SchemaLookup; maxBytes?: number } = {},
) {
  const kafka = new InMemoryKafka()
  kafka.createTopic(DLQ)
  await write(kafka, [letter(parts)])
  const found = await findLetter(kafka.logReader(), { topic: DLQ, partition: 0, offset: 0 })
  return await letterLines(found, { maxBytes: 100, ...options })
}

async function encodedAlert(registry: ReturnType<typeof inMemoryRegistry>): Promise<Buffer> {
  const codec = avroCodec('Alert', { registry, subject: 'alerts-value' })
  await codec.prepare()
  const bytes = Buffer.alloc(500)
  return bytes.subarray(0, codec.encode(alert, bytes, 0))
}

test('text is shown as text, beside the reason, all headers and the key', async () => {
  const headers = [{ key: 'trace', value: Buffer.from([0xff, 0]) }]
  const lines = await linesOf({ headers })
  expect(lines).toEqual([
    'partition   0, offset 0',
    'time (UTC)  2023-11-14 22:13:20.000',
    'code        malformed',
    'exception   BadRecord',
    'message     topic orders partition 0 offset 7: not JSON',
    'source      orders/0/7',
    'attempts    1',
    'key         a',
    'headers (9)',
    '  trace: 0xff00',
    '  __streams.errors.exception: BadRecord',
    '  __streams.errors.message: topic orders partition 0 offset 7: not JSON',
    '  __streams.errors.topic: orders',
    '  __streams.errors.partition: 0',
    '  __streams.errors.offset: 7',
    '  tidemark.dlq.code: malformed',
    '  tidemark.dlq.attempts: 1',
    '  tidemark.dlq.ingestion_time_ms: 1700000000000',
    'value (12 bytes, text):',
    'not an order',
  ])
})

test('other bytes are shown in hexadecimal, up to the limit', async () => {
  const value = Buffer.concat([Buffer.from('\u0001order'), Buffer.alloc(30, 0xee)])
  expect((await linesOf({ value }, { maxBytes: 17 })).slice(-4)).toEqual([
    'value (36 bytes):',
    `00000000  01 6f 72 64 65 72${' ee'.repeat(10)}  .order..........`,
    `00000010  ee${' '.repeat(47)}.`,
    '… 19 more bytes: raise --max-bytes',
  ])
})

test('text with control characters is shown in hexadecimal too', async () => {
  expect((await linesOf({ value: Buffer.from('\u0001order') })).at(-1)).toMatch(
    /^00000000 {2}01 6f 72 64 65 72 +\.order$/,
  )
})

test('Avro is decoded with the schema that the registry has', async () => {
  const registry = inMemoryRegistry()
  const lines = await linesOf({ value: await encodedAlert(registry) }, { schemas: registry })
  const [title, json] = lines.slice(-2)
  expect(title).toMatch(/^value \(\d+ bytes, Avro tidemark.Alert\):$/)
  expect(JSON.parse(json ?? '')).toEqual(alert)
})

test('Avro that is cut short, has bytes left over or an unknown schema is shown as bytes, with the reason', async () => {
  const registry = inMemoryRegistry()
  const value = await encodedAlert(registry)
  const note = async (bytes: Buffer) => {
    const lines = await linesOf({ value: bytes }, { schemas: registry })
    return lines[lines.findIndex((line) => line.startsWith('value')) + 1]
  }
  expect(await note(value.subarray(0, 40))).toMatch(/^ {2}not readable as tidemark.Alert \(schema \d+\): /)
  expect(await note(Buffer.concat([value, Buffer.alloc(3)]))).toMatch(/: 3 bytes are left over$/)
  expect(await note(Buffer.from([0, 0, 0, 0, 99, 1]))).toBe('  not Avro, or its schema 99 is not in the registry')
})

test('without a registry it is said how to have Avro decoded', async () => {
  expect(await linesOf({ value: await encodedAlert(inMemoryRegistry()) })).toContain(
    '  set SCHEMA_REGISTRY_URL to see Avro decoded',
  )
})

test('a value that was cut says how long it was, and that it can not be replayed', async () => {
  expect((await linesOf({ value: Buffer.alloc(900_001, 'x') })).at(-1)).toBe(
    "  cut: it had 900001 bytes, and can't be replayed",
  )
})

test('a position that is not there is refused with those that are', async () => {
  const kafka = new InMemoryKafka()
  kafka.createTopic(DLQ)
  const find = (partition: number, offset: number) => findLetter(kafka.logReader(), { topic: DLQ, partition, offset })
  await expect(find(0, 0)).rejects.toThrow(`topic ${DLQ} partition 0 has no record at offset 0: it is empty`)
  await write(kafka, [letter(), letter()])
  await expect(find(0, 2)).rejects.toThrow('no record at offset 2: it has 0 to 1')
  await expect(find(1, 0)).rejects.toThrow(`topic ${DLQ} has no partition 1: it has 1, counted from 0`)
})
