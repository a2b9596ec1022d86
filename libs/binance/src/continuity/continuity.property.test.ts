import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExchangeFixture, violations } from './exchange-fixture.ts'

const symbols = ['AAA', 'BBB']
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

const symbol = fc.constantFrom(...symbols)
const at = fc.nat(3)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('trade' as const), symbol, count: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('skip' as const), symbol, ids: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lossy' as const), symbol }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('swallow' as const, 'garble' as const), symbol, at }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('deliver' as const), at, count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('swap' as const, 'repeat' as const, 'drop' as const), at }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('connect' as const, 'cut' as const), at }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(1, 100, 1_000, 7_000) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      how: fc.constantFrom(
        'well' as const,
        'well' as const,
        'behind' as const,
        'rate-limited' as const,
        'unavailable' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('follow' as const, 'unfollow' as const), symbol }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function take(exchange: ExchangeFixture, next: Step): void {
  const { connections } = exchange
  const connection = 'at' in next ? (connections[next.at % connections.length] ?? 0) : 0
  switch (next.kind) {
    case 'trade':
      for (let count = 0; count <= next.count; count++) exchange.trade(next.symbol)
      return
    case 'skip':
      return exchange.trade(next.symbol, { skippedIds: next.ids })
    case 'swallow':
      return exchange.trade(next.symbol, { lostOn: next.at === 0 ? connections : [connection] })
    case 'lossy':
      return exchange.trade(next.symbol, { lossy: true })
    case 'garble':
      return exchange.trade(next.symbol, { garbledOn: [connection] })
    case 'deliver':
      return exchange.deliver(connection, next.count)
    case 'drop':
      return exchange.deliver(connection, 1, 'drop')
    case 'swap':
      return exchange.swap(connection)
    case 'repeat':
      return exchange.repeat(connection)
    case 'connect':
      if (connections.length < 3) exchange.connect()
      return
    case 'cut':
      return exchange.cut(connection)
    case 'time':
      return exchange.pass(next.ms)
    case 'answer':
      return exchange.answer(next.how)
    case 'heartbeat':
      return exchange.heartbeats()
    case 'restart':
      return exchange.restart()
    case 'unfollow':
      return exchange.unfollow(next.symbol)
    case 'follow':
      return exchange.follow(next.symbol)
  }
}

/** Everything is well again, for long enough to fill what is missing, but of the symbols that are left off for good. */
function settle(exchange: ExchangeFixture, leftOff: readonly string[]): void {
  for (const each of symbols) {
    if (leftOff.includes(each)) exchange.unfollow(each)
    else exchange.follow(each)
  }
  exchange.connect()
  for (const each of symbols) exchange.trade(each)
  for (let round = 0; round < 40; round++) {
    for (const connection of exchange.connections) exchange.deliver(connection)
    exchange.pass(500)
    while (exchange.pending.length > 0) exchange.answer()
    exchange.heartbeats()
  }
}

test.each([
  ['a history of any age', {}],
  ['a host that serves the newest 4 trades', { reach: 4 }],
  ['room for 3 trades behind holes', { limits: { maxHeldTrades: 3 } }],
  ['at most 2 ids filled of a hole', { limits: { maxFillTrades: 2 } }],
  ['holes given up after 2 s', { limits: { fillTimeoutMs: 2_000 } }],
])(
  'whatever is lost, repeated or swapped: each id is a trade or in a gap, once and in order, with %s',
  (_name, options) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.subarray(symbols), (steps, leftOff) => {
        const exchange = new ExchangeFixture(symbols, options)
        exchange.connect()
        for (const next of steps) take(exchange, next)
        settle(exchange, leftOff)
        expect(violations(exchange)).toEqual([])
        expect(exchange.continuity.figures).toMatchObject({ held: 0, openHoles: 0, inDoubt: 0 })
      }),
      { numRuns },
    )
  },
)
