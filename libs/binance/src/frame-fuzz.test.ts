import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFrame, type Frame } from './frame-parser.ts'
import { sampleEvents, sampleTrade } from './frame-fixture.ts'
import { rejectCodes } from './rejection.ts'

// `npm run nightly` raises the runs to 100,000 frames and more for each test; a failing seed is printed and replays with `seed`.
const framesPerRun = 10
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)
const frames = <T>(frame: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(frame, { minLength: framesPerRun, maxLength: framesPerRun })

interface Fuzzed {
  readonly bytes: Buffer
  readonly binary: boolean
}

/** Every frame is a trade, another known event, a reply, or rejected with a reason of the list and its bytes as they came. */
function expectSorted({ bytes, binary }: Fuzzed): Frame {
  const before = Buffer.from(bytes)
  const context = { binary, receivedAtMs: 1_723_161_254_087 }
  const frame = parseFrame(bytes, context)
  expect(bytes.equals(before)).toBe(true)
  expect(['trade', 'other-event', 'reply', 'rejected']).toContain(frame.kind)
  if (frame.kind === 'rejected') {
    expect(rejectCodes).toContain(frame.code)
    expect(frame.message).not.toBe('')
    expect(frame.bytes.equals(before)).toBe(true)
  }
  if (frame.kind === 'trade') expectTrueToItsBytes(frame.trade, before)
  expect(parseFrame(bytes, context)).toEqual(frame)
  return frame
}

/** By the digits of the text: a time of 15 or more is in microseconds, the last three of which are dropped. */
function millisecondsIn(time: unknown): number {
  const digits = String(time)
  return Number(digits.length >= 15 ? digits.slice(0, -3) : digits)
}

/** Read again in another way: as the numbers of the text, digit by digit. */
function expectTrueToItsBytes(trade: Extract<Frame, { kind: 'trade' }>['trade'], bytes: Buffer): void {
  const text = bytes.toString('utf8')
  const json = JSON.parse(text) as Record<string, unknown>
  const payload = (json['data'] ?? json) as Record<string, string | number | boolean>
  const digits = (decimal: string): string => (decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal)
  expect(Number.isSafeInteger(trade.trade_id) && trade.trade_id).toBe(payload['t'])
  expect(trade.symbol).toBe(payload['s'])
  expect(trade.is_buyer_maker).toBe(payload['m'])
  expect(trade.event_time_ms).toBe(millisecondsIn(payload['E']))
  expect(trade.trade_time_ms).toBe(millisecondsIn(payload['T']))
  for (const [value, sent] of [
    [trade.price, payload['p']],
    [trade.quantity, payload['q']],
  ] as const) {
    expect(value).toBeGreaterThan(0)
    // Beyond these bounds a number is printed with an exponent.
    if (value >= 1e-6 && value < 1e21) expect(String(value)).toBe(digits(String(sent)).replace(/^0+(?=\d)/, ''))
  }
}

const micro = (payload: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      ['E', 'T', 't'].includes(name) && typeof value === 'number' && value > 1_700_000_000_000
        ? value * 1_000 + 7
        : name === 'k'
          ? micro(value as Record<string, unknown>)
          : value,
    ]),
  )

const sample = fc
  .record({
    sample: fc.constantFrom(...sampleEvents),
    isCombined: fc.boolean(),
    inMicroseconds: fc.boolean(),
  })
  .map(({ sample, isCombined, inMicroseconds }) => {
    const payload = inMicroseconds ? micro(sample.payload) : sample.payload
    return { ...sample, payload, json: isCombined ? { stream: sample.stream, data: payload } : payload }
  })

/** What fuzzers of JSON find worth trying. */
const oddValue = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('', '0', '-0', '-1', '1e5', '.5', '5.', '0x10', 'NaN', 'Infinity', ' 1', '1 ', '١', '1,5', '+1'),
  fc.constantFrom(-1, 0, 1.5, 1e300, -0, 2 ** 53, 2 ** 53 - 1, 1e15, 99_999_999_999_999, 100_000_000_000_000),
  fc.integer({ min: 1, max: 40 }).map((length) => `0.${'1'.repeat(length)}`),
  fc.integer({ min: 1, max: 400 }).map((length) => '9'.repeat(length)),
  fc.constantFrom('trade', 'kline', 'serverShutdown', '__proto__', 'constructor', '\ud800', '\0', '币安'),
  fc.record({ toString: fc.constant(1), valueOf: fc.constant(null) }),
)

const fieldNames = ['e', 'E', 's', 't', 'p', 'q', 'T', 'm', 'a', 'b', 'A', 'B', 'u', 'f', 'l', 'L', 'k', 'i', 'x', 'o']
const otherNames = ['stream', 'data', 'result', 'error', 'id', 'code', 'msg', 'bids', 'asks', '__proto__', 'zz']
const changes = fc.dictionary(fc.constantFrom(...fieldNames, ...otherNames), fc.option(oddValue, { nil: undefined }))

const changed = fc
  .tuple(sample, changes, changes, fc.boolean())
  .map(([{ json, payload, stream }, inner, outer, isBare]) => {
    const k = typeof payload['k'] === 'object' ? { k: { ...payload['k'], ...outer } } : {}
    const data = { ...payload, ...k, ...inner }
    if (isBare) return JSON.stringify(data)
    return JSON.stringify('data' in json ? { stream, data, ...outer } : { ...json, ...inner, ...outer })
  })

type Edit = (bytes: Buffer) => Buffer

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat({ max: 255 })).map(([at, byte]): Edit => {
    return (bytes) => {
      if (bytes.length > 0) bytes[Math.floor(at * bytes.length)] = byte
      return bytes
    }
  }),
  fc
    .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.uint8Array({ maxLength: 8 }))
    .map(([at, inserted]): Edit => (bytes) => {
      const index = Math.floor(at * bytes.length)
      return Buffer.concat([bytes.subarray(0, index), inserted, bytes.subarray(index)])
    }),
  fc.double({ min: 0, max: 1, noNaN: true }).map(
    (to): Edit =>
      (bytes) =>
        bytes.subarray(0, Math.floor(to * bytes.length)),
  ),
  fc.constant<Edit>((bytes) => Buffer.concat([bytes, bytes])),
  fc.integer({ min: 1, max: 9 }).map(
    (digit): Edit =>
      (bytes) =>
        Buffer.from(bytes.toString('latin1').replaceAll(/\d/g, String(digit)), 'latin1'),
  ),
)

const broken = fc
  .tuple(
    fc.oneof(
      changed,
      sample.map(({ json }) => JSON.stringify(json)),
    ),
    fc.array(edit, { minLength: 1, maxLength: 4 }),
  )
  .map(([text, edits]) => edits.reduce<Buffer>((bytes, change) => change(bytes), Buffer.from(text)))

describe('whatever the exchange sends', { timeout: 600_000 }, () => {
  it('is sorted as what it is where nothing is wrong with it', () => {
    fc.assert(
      fc.property(frames(sample), (samples) => {
        for (const { event, json } of samples) {
          const frame = expectSorted({ bytes: Buffer.from(JSON.stringify(json)), binary: false })
          if (event === 'trade') expect(frame.kind).toBe('trade')
          else expect(frame).toMatchObject({ kind: 'other-event', event })
        }
      }),
      { numRuns },
    )
  })

  it('is sorted without an exception where any field is missing, of another kind, or more than there should be', () => {
    fc.assert(
      fc.property(frames(changed), (texts) => {
        for (const text of texts) expectSorted({ bytes: Buffer.from(text), binary: false })
      }),
      { numRuns },
    )
  })

  it('is sorted without an exception where its bytes are overwritten, cut, doubled or put in', () => {
    fc.assert(
      fc.property(frames(broken), (all) => {
        for (const bytes of all) expectSorted({ bytes, binary: false })
      }),
      { numRuns },
    )
  })

  it('is sorted without an exception where it is no frame of an exchange at all', () => {
    const json = fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text))
    const wrapped = fc.json().map((text) => Buffer.from(`{"stream":"btcusdt@trade","data":${text}}`))
    const nested = fc.integer({ min: 1, max: 500 }).map((depth) => Buffer.from('[{"data":'.repeat(depth)))
    const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const bytes = fc.oneof(noise, json, wrapped, nested)
    fc.assert(
      fc.property(frames(fc.record({ bytes, binary: fc.boolean() })), (all) => {
        for (const each of all) expectSorted(each)
      }),
      { numRuns },
    )
  })

  it('is judged by the fuzzer too: a trade whose price or times were changed on the way in would be found', () => {
    const bytes = Buffer.from(JSON.stringify(sampleTrade.payload))
    const frame = parseFrame(bytes, { binary: false, receivedAtMs: 0 })
    if (frame.kind !== 'trade') throw new Error(`the sample is no trade but ${frame.kind}`)
    expect(() => expectTrueToItsBytes({ ...frame.trade, price: 61837.64 }, bytes)).toThrow('61837.63')
    for (const name of ['event_time_ms', 'trade_time_ms'] as const) {
      const changed = { ...frame.trade, [name]: frame.trade[name] * 1_000 }
      expect(() => expectTrueToItsBytes(changed, bytes)).toThrow(String(frame.trade[name]))
    }
  })
})
