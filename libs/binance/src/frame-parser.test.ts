import { describe, expect, it } from 'vitest'
import { parseFrame, type Frame, type FrameContext } from './frame-parser.ts'
import { sampleTrade } from './frame-fixture.ts'

const context: FrameContext = { binary: false, receivedAtMs: 1_723_161_254_087 }

const { payload } = sampleTrade
const trade = {
  event_type: 'trade',
  event_time_ms: 1_723_161_255_343,
  symbol: 'BTCUSDT',
  trade_id: 3_735_683_259,
  price: 61837.63,
  quantity: 0.02,
  trade_time_ms: 1_723_161_255_342,
  is_buyer_maker: true,
  ingestion_time_ms: 1_723_161_254_087,
  latency_ms: -1_256,
}

const combined = (data: unknown): string => JSON.stringify({ stream: 'btcusdt@trade', data })
const parse = (frame: string, changed: Partial<FrameContext> = {}): Frame =>
  parseFrame(Buffer.from(frame), { ...context, ...changed })
const changed = (fields: object): string => combined({ ...payload, ...fields })
const without = (field: string): string =>
  combined(Object.fromEntries(Object.entries(payload).filter(([name]) => name !== field)))

describe('a trade', () => {
  it('is read from a combined frame', () => {
    expect(parse(combined(payload))).toEqual({ kind: 'trade', trade })
  })

  it('is read from a raw frame, and from text as from bytes', () => {
    expect(parse(JSON.stringify(payload))).toEqual({ kind: 'trade', trade })
    expect(parseFrame(JSON.stringify(payload), context)).toEqual({ kind: 'trade', trade })
  })

  it('is the same with and without order ids, the ignored field M and fields unknown today', () => {
    expect(parse(changed({ b: 1, a: 2, M: undefined, zz: [] }))).toEqual({ kind: 'trade', trade })
  })

  it('has its microseconds cut to the millisecond they belong to', () => {
    expect(parse(changed({ E: 1_723_161_255_343_999, T: 1_723_161_255_342_001 }))).toEqual({ kind: 'trade', trade })
  })

  it('of a symbol outside ASCII keeps its symbol', () => {
    expect(parse(changed({ s: '币安USDT' }))).toMatchObject({ trade: { symbol: '币安USDT' } })
  })
})

describe('a frame that is no trade', () => {
  it.each([
    ['empty', ''],
    ['empty', ' \n'],
    ['oversized', JSON.stringify({ pad: 'x'.repeat(2_000_000) })],
    ['not-json', '{"e":"trade"'],
    ['not-json', 'hello'],
    ['wrong-type', '[]'],
    ['wrong-type', 'null'],
    ['wrong-type', '42'],
    ['wrong-type', combined('text')],
    ['wrong-type', combined(null)],
    ['wrong-type', JSON.stringify({ stream: 7, data: payload })],
    ['missing-field', JSON.stringify({ stream: 'btcusdt@trade' })],
    ['missing-field', JSON.stringify({ data: payload })],
    ['missing-field', '{}'],
    ['unknown-event', changed({ e: 'surprise' })],
    ['unknown-event', changed({ e: 'constructor' })],
    ['wrong-type', changed({ e: 5 })],
    ['bad-decimal', changed({ p: 'abc' })],
    ['bad-decimal', changed({ q: '1e5' })],
    ['not-positive', changed({ q: '-0.02000000' })],
    ['not-positive', changed({ p: '0.00000000' })],
    ['lossy-decimal', changed({ p: '0.12345678901234567' })],
    ['wrong-type', changed({ p: 61837.63 })],
    ['wrong-type', changed({ t: '3735683259' })],
    ['wrong-type', changed({ t: 1.5 })],
    ['wrong-type', changed({ t: -1 })],
    ['wrong-type', changed({ E: null })],
    ['wrong-type', changed({ m: 'true' })],
    ['wrong-type', changed({ s: '' })],
    ['wrong-type', changed({ s: 'BTC\ud800' })],
  ])('is rejected as %s: %.70s', (code, frame) => {
    const parsed = parse(frame)
    expect(parsed).toMatchObject({ kind: 'rejected', code, receivedAtMs: context.receivedAtMs })
    expect(parsed.kind === 'rejected' && parsed.bytes.equals(Buffer.from(frame))).toBe(true)
  })

  it.each(['e', 'E', 's', 't', 'p', 'q', 'T', 'm'])('is rejected where field %s is missing, by its name', (field) => {
    expect(parse(without(field))).toMatchObject({ code: 'missing-field', message: `field ${field} is missing` })
  })

  it('is rejected as binary, whatever is in it', () => {
    expect(parse(combined(payload), { binary: true })).toMatchObject({ code: 'binary' })
  })

  it('is rejected where an id is above 2^53, which JSON.parse rounds without a word', () => {
    const frame = combined(payload).replace('3735683259', '9007199254740993')
    expect(parse(frame)).toMatchObject({ code: 'unsafe-integer' })
  })

  it('is rejected where it is not UTF-8, with its bytes as they came', () => {
    const bytes = Buffer.from(combined(payload))
    bytes[bytes.indexOf('BTC')] = 0xff
    const parsed = parseFrame(bytes, context)
    expect(parsed).toMatchObject({ code: 'not-json', message: 'the frame is not UTF-8' })
    expect(parsed.kind === 'rejected' && parsed.bytes.equals(bytes)).toBe(true)
  })

  it('keeps its bytes when the memory it came in is used again', () => {
    const memory = Buffer.from('nonsense')
    const parsed = parseFrame(memory, context)
    memory.fill(0)
    expect(parsed.kind === 'rejected' && parsed.bytes.toString()).toBe('nonsense')
  })

  it('is oversized above the limit, and not at it', () => {
    const frame = combined(payload)
    expect(parse(frame, { maxFrameBytes: frame.length }).kind).toBe('trade')
    expect(parse(frame, { maxFrameBytes: frame.length - 1 })).toMatchObject({ code: 'oversized' })
  })
})

describe('another event', () => {
  const shutdown = { e: 'serverShutdown', E: 1 }

  it.each([
    ['serverShutdown', JSON.stringify(shutdown), {}],
    ['serverShutdown', JSON.stringify({ stream: '!serverShutdown', data: shutdown }), { stream: '!serverShutdown' }],
    ['partialDepth', combined({ lastUpdateId: 1, bids: [], asks: [] }), { stream: 'btcusdt@trade' }],
    [
      '24hrMiniTicker',
      JSON.stringify({ stream: '!miniTicker@arr', data: [{ e: '24hrMiniTicker' }] }),
      { stream: '!miniTicker@arr' },
    ],
  ])('%s is known and no dead letter', (event, frame, stream) => {
    expect(parse(frame)).toEqual({ kind: 'other-event', event, ...stream })
  })
})

describe('a reply', () => {
  it('to SUBSCRIBE is told from an event', () => {
    expect(parse('{"result":null,"id":1}')).toEqual({ kind: 'reply', id: 1 })
  })

  it.each([
    ['nested', '{"error":{"code":2,"msg":"Invalid request"},"id":"a-1"}', 'a-1'],
    ['flat', '{"code":2,"msg":"Invalid request"}', null],
  ])('with a %s error tells the error', (_form, frame, id) => {
    expect(parse(frame)).toEqual({ kind: 'reply', id, error: { code: 2, message: 'Invalid request' } })
  })
})
