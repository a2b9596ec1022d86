/** Why a frame cannot become a trade: the closed list of dead letter codes that a feed reader answers with. */
export const MALFORMED_CODES = [
  'not-json',
  'missing-field',
  'bad-decimal',
  'not-positive',
  'unknown-event',
  'lossy-decimal',
  'oversized',
  'wrong-type',
  'empty',
  'binary',
] as const

export type MalformedCode = (typeof MALFORMED_CODES)[number]

export interface MalformedFrame {
  readonly name: string
  readonly bytes: Buffer
  /** Sent with the binary opcode; otherwise it is a text frame. */
  readonly binary?: boolean
  /** The dead letter code a reader must give. */
  readonly code: MalformedCode
}

/** Size of the oversized frame. */
export const OVERSIZED_FRAME_BYTES = 2 * 1024 * 1024

/** Ids far above any the exchange has given out, and still exact as doubles: no malformed frame can pass for a real trade. */
const FIRST_MALFORMED_TRADE_ID = 9_000_000_000_000_001

/**
 * Ten frames that must become ten dead letters, one of each kind, with the code each must get. The same bytes at every
 * call. Each has exactly one fault, so that the code does not depend on the order in which a reader checks.
 */
export function malformedFrames(): readonly MalformedFrame[] {
  const { p: _price, ...withoutPrice } = trade(1)
  const wrongTypes = {
    ...trade(7),
    E: '1723161255343',
    t: `${trade(7).t}`,
    p: 61837.63,
    q: 0.02,
    T: '1723161255342',
    m: 'true',
  }
  return [
    { name: 'cut off in the middle', code: 'not-json', bytes: wrap(trade(0)).subarray(0, 60) },
    { name: 'a trade without a price', code: 'missing-field', bytes: wrap(withoutPrice) },
    { name: 'price abc', code: 'bad-decimal', bytes: wrap({ ...trade(2), p: 'abc' }) },
    { name: 'negative quantity', code: 'not-positive', bytes: wrap({ ...trade(3), q: '-0.02000000' }) },
    {
      name: 'unknown event',
      code: 'unknown-event',
      bytes: wrap({ e: 'mystery', E: 1723161255343, s: 'BTCUSDT' }, 'mystery'),
    },
    {
      name: 'a price no double gives back',
      code: 'lossy-decimal',
      bytes: wrap({ ...trade(5), p: '0.12345678901234567' }),
    },
    { name: 'two megabytes', code: 'oversized', bytes: oversized() },
    { name: 'wrong types', code: 'wrong-type', bytes: wrap(wrongTypes) },
    { name: 'empty', code: 'empty', bytes: Buffer.alloc(0) },
    {
      name: 'binary',
      code: 'binary',
      bytes: Buffer.from([0x1a, 0, 0x10, 0x27, 1, 0, 0, 0, 0xff, 0xfe, 0x80, 0xc3]),
      binary: true,
    },
  ]
}

function trade(index: number) {
  const t = FIRST_MALFORMED_TRADE_ID + index
  return {
    e: 'trade',
    E: 1723161255343,
    s: 'BTCUSDT',
    t,
    p: '61837.63000000',
    q: '0.02000000',
    T: 1723161255342,
    m: true,
    M: true,
  }
}

function wrap(data: object, kind = 'trade'): Buffer {
  return Buffer.from(JSON.stringify({ stream: `btcusdt@${kind}`, data }))
}

function oversized(): Buffer {
  const empty = wrap({ ...trade(6), padding: '' }).length
  return wrap({ ...trade(6), padding: 'x'.repeat(OVERSIZED_FRAME_BYTES - empty) })
}
