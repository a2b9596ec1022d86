import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { avroCodec } from './avro-codec.ts'
import { inMemoryRegistry, type InMemoryRegistry } from './in-memory-registry.ts'
import { recordSchemas } from './record-schemas.ts'
import type { Alert, MarketMetrics, Trade } from './records.ts'

const anyLong = fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 2 })
const anyDouble = fc.double()
const anyText = fc.string({ unit: 'grapheme', maxLength: 100 })
const anyTrade: fc.Arbitrary<Trade> = fc.record({
  event_type: anyText,
  event_time_ms: anyLong,
  symbol: anyText,
  trade_id: anyLong,
  price: anyDouble,
  quantity: anyDouble,
  trade_time_ms: anyLong,
  is_buyer_maker: fc.boolean(),
  ingestion_time_ms: anyLong,
  latency_ms: anyLong,
})
const trade: Trade = {
  event_type: 'trade',
  event_time_ms: 1_723_161_255_343,
  symbol: 'BTCUSDT',
  trade_id: 3_735_683_259,
  price: 61_837.63,
  quantity: 0.02,
  trade_time_ms: 1_723_161_255_342,
  is_buyer_maker: true,
  ingestion_time_ms: 1_723_161_254_087,
  latency_ms: -1_256,
}
const subject = 'binance-trades-value'

async function tradeCodec(registry: InMemoryRegistry = inMemoryRegistry()) {
  const codec = avroCodec<Trade>('Trade', { registry, subject })
  await codec.prepare()
  return codec
}

function bytesOf<T>(codec: { encode(value: T, into: Buffer, position: number): number }, value: T): Buffer {
  const into = Buffer.alloc(10_000)
  return into.subarray(0, codec.encode(value, into, 0))
}

function issueOf(decoded: { ok: true } | { ok: false; issue: { code: string; message: string } }) {
  if (decoded.ok) throw new Error('an issue was expected')
  return decoded.issue
}

describe('what is encoded', () => {
  test('any trade comes back bit for bit, from any place in a buffer', async () => {
    const codec = await tradeCodec()
    fc.assert(
      fc.property(anyTrade, fc.nat(50), (anyOne, position) => {
        const into = Buffer.alloc(position + 2_000, 0xff)
        const end = codec.encode(anyOne, into, position)
        const decoded = codec.decode(into, position, end)
        expect(decoded.ok && { ...decoded.value }).toEqual(anyOne)
        expect(decoded.ok && Object.is(decoded.value.price, anyOne.price)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is the magic byte, the schema id in big endian, and the Avro body', async () => {
    const registry = inMemoryRegistry({ prepared: false })
    for (let version = 0; version < 300; version++) registry.add({ type: 'record', name: `R${version}`, fields: [] })
    const id = await registry.register(subject, 'Trade')
    const bytes = bytesOf(await tradeCodec(registry), trade)
    expect([...bytes.subarray(0, 12)]).toEqual([0, 0, 0, 1, 45, 10, ...Buffer.from('trade'), bytes[11]])
    expect(id).toBe(301)
  })

  test('does not fit: the answer is the number of missing bytes, negative, and enough more make it fit', async () => {
    const codec = await tradeCodec()
    const { length } = bytesOf(codec, trade)
    for (let room = 0; room < length; room++) {
      expect(codec.encode(trade, Buffer.alloc(room + 3), 3)).toBe(room - length)
    }
    expect(codec.encode(trade, Buffer.alloc(length + 3), 3)).toBe(length + 3)
  })

  test.each([
    [{ ...trade, price: '1.5' }, /field price of tidemark.Trade: "double" is expected, got '1.5'/],
    [{ ...trade, trade_id: 2 ** 53 }, /field trade_id of tidemark.Trade/],
    [{ ...trade, latency_ms: -(2 ** 52) - 1 }, /field latency_ms of tidemark.Trade: .* at least -2\^52/],
    [{ ...trade, trade_id: 1.5 }, /field trade_id of tidemark.Trade/],
    [{ ...trade, trade_id: 1n }, /field trade_id of tidemark.Trade: "long" is expected, got 1n/],
    [{ ...trade, symbol: undefined }, /field symbol of tidemark.Trade/],
    [undefined, /tidemark.Trade.*undefined/],
  ])('is no record: the error names the field (%#)', async (wrong, message) => {
    const codec = await tradeCodec()
    expect(() => codec.encode(wrong as Trade, Buffer.alloc(1_000), 0)).toThrow(message)
    expect(() => codec.encode(wrong as Trade, Buffer.alloc(1_000), 0)).toThrow(TypeError)
  })

  test('needs prepare() first, which needs the schema to be registered', async () => {
    const codec = avroCodec('Trade', { registry: inMemoryRegistry({ prepared: false }), subject })
    expect(() => codec.encode(trade, Buffer.alloc(1_000), 0)).toThrow(/prepare\(\)/)
    await expect(codec.prepare()).rejects.toThrow(
      /Trade is not registered for subject binance-trades-value.*prepare step/,
    )
  })

  test('keeps the fields that may be null', async () => {
    const registry = inMemoryRegistry()
    const codec = avroCodec<Alert>('Alert', { registry, subject: 'alerts-value' })
    await codec.prepare()
    const alert = (resolved_at_ms: number | null, window: string | null): Alert => ({
      ...{
        id: 'a',
        rule: 'r',
        symbol: 's',
        severity: 'info',
        status: 'firing',
        value: 1,
        threshold: 0,
        started_at_ms: 5,
      },
      ...{ resolved_at_ms, text: 't', window, window_start_ms: null },
    })
    for (const one of [alert(null, '1m'), alert(7, null)]) {
      const bytes = bytesOf(codec, one)
      expect(codec.decode(bytes, 0, bytes.length)).toMatchObject({ ok: true, value: one })
    }
  })
})

describe('bytes that are no value', () => {
  test('never throw, whatever they are, and never reach into what stands after them', async () => {
    const codec = await tradeCodec()
    const header = bytesOf(codec, trade).subarray(0, 5)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((body) => Buffer.concat([header, body])),
      fc.constantFrom(0xff, 0x80, 0x7f).map((byte) => Buffer.concat([header, Buffer.alloc(150, byte)])),
      fc.tuple(anyTrade, fc.nat(), fc.nat(255)).map(([anyOne, at, byte]) => {
        const changed = Buffer.from(bytesOf(codec, anyOne))
        changed[at % changed.length] = byte
        return changed
      }),
    )
    fc.assert(
      fc.property(bytes, fc.nat(300), (garbage, after) => {
        const buffer = Buffer.concat([garbage, Buffer.alloc(after)])
        const decoded = codec.decode(buffer, 0, garbage.length)
        if (!decoded.ok) expect(decoded.issue.message).toMatch(/\w/)
      }),
      { numRuns: 5_000 },
    )
  })

  test('are malformed where one is missing or left over, with the field', async () => {
    const codec = await tradeCodec()
    const bytes = bytesOf(codec, trade)
    const longer = Buffer.concat([bytes, bytes])
    expect(codec.decode(longer, 0, bytes.length).ok).toBe(true)
    for (let end = 0; end < bytes.length; end++) expect(codec.decode(longer, 0, end).ok).toBe(false)
    expect(issueOf(codec.decode(longer, 0, bytes.length - 1))).toEqual({
      code: 'malformed',
      message: 'the value ends within field latency_ms of tidemark.Trade',
    })
    expect(issueOf(codec.decode(longer, 0, bytes.length + 2)).message).toBe(
      '2 bytes are left over after tidemark.Trade',
    )
  })

  test('are malformed without the header', async () => {
    const codec = await tradeCodec()
    expect(issueOf(codec.decode(Buffer.from('{}'), 0, 2)).message).toMatch(/2 bytes are too short/)
    expect(issueOf(codec.decode(Buffer.from('{"a":1}'), 0, 7)).message).toMatch(/first byte is 123, expected 0/)
  })
})

describe('the schema it was written with', () => {
  const olderTrade = {
    ...recordSchemas.Trade,
    fields: recordSchemas.Trade.fields.filter(({ name }) => name !== 'symbol'),
  }
  const newerTrade = {
    ...recordSchemas.Trade,
    namespace: 'elsewhere',
    fields: [{ name: 'venue', type: 'string' }, ...recordSchemas.Trade.fields],
  }

  async function foreignBytes(registry: InMemoryRegistry, schema: object, value: object): Promise<[number, Buffer]> {
    const id = registry.add(schema)
    const body = (await registry.schemaById(id))?.toBuffer(value) ?? Buffer.alloc(0)
    const header = Buffer.alloc(5)
    header.writeUInt32BE(id, 1)
    return [id, Buffer.concat([header, body])]
  }

  test('is unknown until it is loaded; then what it adds is skipped', async () => {
    const registry = inMemoryRegistry()
    const codec = await tradeCodec(registry)
    const [schemaId, bytes] = await foreignBytes(registry, newerTrade, { ...trade, venue: 'spot' })
    expect(issueOf(codec.decode(bytes, 0, bytes.length))).toMatchObject({ code: 'unknown-schema', schemaId })
    expect(await codec.load(schemaId)).toBe(true)
    expect(codec.decode(bytes, 0, bytes.length)).toMatchObject({ ok: true, value: trade })
  })

  test('is unknown to the registry too: it can not be loaded', async () => {
    const codec = await tradeCodec()
    expect(await codec.load(999)).toBe(false)
  })

  test('lacks a field: what was written with it is invalid, and says why', async () => {
    const registry = inMemoryRegistry()
    const codec = await tradeCodec(registry)
    const [schemaId, bytes] = await foreignBytes(registry, olderTrade, trade)
    expect(await codec.load(schemaId)).toBe(true)
    const issue = issueOf(codec.decode(bytes, 0, bytes.length))
    expect(issue.code).toBe('invalid')
    expect(issue.message).toMatch(/can't be read as Trade.*symbol/)
  })

  test('is from before the nullable fields were added: they are null', async () => {
    const registry = inMemoryRegistry()
    const schema = recordSchemas.MarketMetrics
    const before = { ...schema, fields: schema.fields.filter(({ type }) => typeof type === 'string') }
    const value = Object.fromEntries(before.fields.map(({ name, type }) => [name, type === 'string' ? 'x' : 1]))
    const [schemaId, bytes] = await foreignBytes(registry, before, value)
    const codec = avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: 'market-metrics-value' })
    await codec.load(schemaId)
    expect(codec.decode(bytes, 0, bytes.length)).toMatchObject({
      ok: true,
      value: { ...value, buy_sell_ratio: null, vpin: null },
    })
  })
})

describe('a projection', () => {
  test('reads its fields alone, from what the full codec wrote, and writes nothing', async () => {
    const registry = inMemoryRegistry()
    const bytes = bytesOf(await tradeCodec(registry), trade)
    const codec = avroCodec('Trade', { registry, subject, projection: ['trade_id', 'price'] })
    await codec.load(bytes.readUInt32BE(1))
    const decoded = codec.decode(bytes, 0, bytes.length)
    expect(decoded.ok && { ...decoded.value }).toEqual({ trade_id: trade.trade_id, price: trade.price })
    await codec.prepare()
    expect(() => codec.encode(trade, Buffer.alloc(1_000), 0)).toThrow(/can only be read/)
  })
})
