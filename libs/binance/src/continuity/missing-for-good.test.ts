import { beforeEach, describe, expect, it } from 'vitest'
import { ExchangeFixture, rejectedOf, tradeOf } from './exchange-fixture.ts'

let exchange: ExchangeFixture
let connection: number

beforeEach(() => {
  exchange = new ExchangeFixture(['AAA', 'BBB'])
  connection = exchange.connect()
})

const told = (): string[] =>
  exchange.outputs.flatMap((output) => {
    if (output.kind === 'trade') return output.trade.symbol === 'AAA' ? [`AAA ${output.trade.trade_id}`] : []
    if (output.kind === 'heartbeat') return output.symbol === 'AAA' ? ['AAA heartbeat'] : []
    if (output.kind === 'rejected') return [`${output.rejected.bytes.toString()} ${output.rejected.code}`]
    const { symbol, from_trade_id: from, to_trade_id: to, status } = output.gap
    return [`${symbol} ${from}-${to} ${status}`]
  })
const reasons = (): (string | null)[] =>
  exchange.outputs.flatMap((output) => (output.kind === 'gap' ? [output.gap.reason] : []))
/** BBB brings time, and REST answers everything in this way. */
const passWithBbb = (ms: number, how: 'well' | 'behind' | 'unavailable' = 'well'): void => {
  for (let passedMs = 0; passedMs < ms; passedMs += 1_000) {
    exchange.pass(1_000)
    exchange.trade('BBB')
    exchange.deliver(connection)
    while (exchange.pending.length > 0) exchange.answer(how)
    exchange.heartbeats()
  }
}

describe('a trade that the exchange has in a form which can not be taken', () => {
  it('is a dead letter, and a gap that says so: the exchange has it', () => {
    exchange.trade('AAA')
    exchange.trade('AAA', { lossy: true })
    exchange.trade('AAA')
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    while (exchange.pending.length > 0) exchange.answer()
    expect(told()).toEqual(['AAA 1', 'AAA 2-2 open', 'AAA 2 lossy-decimal', 'AAA 2-2 given_up', 'AAA 3'])
    expect(reasons().at(-1)).toMatch(/^the exchange has it, .*\(lossy-decimal\): see the dead letter/)
  })

  it('is one dead letter however often it is asked for, and other ids beside it are unfillable as ever', () => {
    exchange.trade('AAA')
    exchange.trade('AAA', { lossy: true })
    exchange.trade('AAA', { skippedIds: 1, lossy: true })
    exchange.trade('AAA', { lostOn: [connection] })
    exchange.trade('AAA')
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer('behind')
    exchange.pass(exchange.limits.retryMs)
    while (exchange.pending.length > 0) exchange.answer()
    expect(told().filter((line) => !line.endsWith('open'))).toEqual([
      'AAA 1',
      'AAA 2 lossy-decimal',
      'AAA 2-2 given_up',
      'AAA 3-3 unfillable',
      'AAA 4 lossy-decimal',
      'AAA 4-4 given_up',
      'AAA 5',
      'AAA 5-5 filled',
      'AAA 6',
    ])
  })

  it('may be any of the missing ones where its id can not be read: none of them is said not to be there', () => {
    exchange.trade('AAA')
    exchange.trade('AAA', { skippedIds: 1 })
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    const [request] = exchange.pending
    const rejected = [{ ...rejectedOf(tradeOf('AAA', 2)), tradeId: undefined, code: 'unsafe-integer' as const }]
    const page = { trades: [tradeOf('AAA', 3)], rejected, completeFromId: 2 }
    if (request?.kind === 'page') exchange.continuity.pageArrived(request, page, exchange.nowMs)
    expect(told().slice(2)).toEqual(['AAA 2-2 given_up', 'AAA 2 unsafe-integer', 'AAA 3'])
    expect(reasons().at(-1)).toContain('without a readable id')
  })
})

describe('a hole at a symbol’s end', () => {
  const auditMs = (): number => exchange.limits.auditIntervalMs + 1_000

  it('that the history does not show stays open, and no heartbeat passes it; with the next trade it is given up', () => {
    exchange.trade('AAA')
    exchange.deliver(connection)
    exchange.trade('AAA', { lostOn: [connection] })
    passWithBbb(auditMs(), 'behind')
    passWithBbb(10 * exchange.limits.fillTimeoutMs, 'behind')
    expect(told().at(-1)).toBe('AAA 2-2 open')
    exchange.trade('AAA')
    passWithBbb(exchange.limits.fillTimeoutMs + 5_000, 'unavailable')
    expect(
      told()
        .filter((line) => line !== 'AAA heartbeat')
        .slice(-2),
    ).toEqual(['AAA 2-2 given_up', 'AAA 3'])
    passWithBbb(5_000)
    expect(told().at(-1)).toBe('AAA heartbeat')
  })

  it('is asked for ever less often, up to once an audit, and at once when a trade waits behind it', () => {
    exchange.trade('AAA')
    exchange.deliver(connection)
    exchange.trade('AAA', { lostOn: [connection] })
    let asked = 0
    const pass = (): void => {
      exchange.pass(1_000)
      exchange.trade('BBB')
      exchange.deliver(connection)
      while (exchange.pending.length > 0) {
        if (exchange.pending[0]?.kind === 'page') asked++
        exchange.answer('behind')
      }
    }
    for (let second = 0; second < 3_600; second++) pass()
    expect(asked).toBeGreaterThan(50)
    expect(asked).toBeLessThan(100)
    const before = asked
    exchange.trade('AAA')
    for (let second = 0; second < 3; second++) pass()
    expect(asked).toBeGreaterThan(before)
  })

  it('that the history decides by a trade which is not here yet holds up heartbeats until that is', () => {
    exchange.trade('AAA')
    exchange.deliver(connection)
    exchange.trade('AAA', { lossy: true })
    exchange.deliver(connection)
    exchange.pass(exchange.limits.checkAfterMs)
    exchange.answer()
    exchange.trade('AAA')
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer()
    expect(told().at(-1)).toBe('AAA 2-2 given_up')
    exchange.continuity.receive(connection, tradeOf('BBB', 9, exchange.nowMs + 10_000), exchange.nowMs)
    exchange.heartbeats()
    expect(told().at(-1)).toBe('AAA 2-2 given_up')
    exchange.deliver(connection)
    exchange.heartbeats()
    expect(told().slice(-2)).toEqual(['AAA 3', 'AAA heartbeat'])
  })

  it('of a trade that can not be taken is open until a trade is behind it, and a dead letter then', () => {
    exchange.trade('AAA')
    exchange.deliver(connection)
    exchange.trade('AAA', { lossy: true })
    passWithBbb(3 * auditMs())
    expect(told().at(-1)).toBe('AAA 2-2 open')
    exchange.trade('AAA')
    passWithBbb(5_000)
    expect(
      told()
        .filter((line) => line !== 'AAA heartbeat')
        .slice(-3),
    ).toEqual(['AAA 2 lossy-decimal', 'AAA 2-2 given_up', 'AAA 3'])
  })
})
