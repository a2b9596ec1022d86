import { beforeEach, describe, expect, it } from 'vitest'
import { ExchangeFixture } from './exchange-fixture.ts'

let exchange: ExchangeFixture
let connection: number

beforeEach(() => {
  exchange = new ExchangeFixture(['AAA', 'BBB'])
  connection = exchange.connect()
})

const told = (): string[] =>
  exchange.outputs.flatMap((output) => {
    if (output.kind === 'trade') return [`${output.trade.symbol} ${output.trade.trade_id}`]
    if (output.kind !== 'gap') return []
    const { symbol, from_trade_id: from, to_trade_id: to, status, cause } = output.gap
    return [`${symbol} ${from}-${to} ${status} ${cause}`]
  })
const trades = (count: number): void => {
  for (let made = 0; made < count; made++) exchange.trade('AAA')
}
/** Its next trade comes over a new connection, and REST is asked for what is missing before it. */
const comeBack = (): void => {
  const again = exchange.connect()
  trades(1)
  exchange.deliver(again)
  exchange.pass(exchange.limits.suspectMs)
  exchange.answer()
}

describe('a symbol that is not followed for a while', () => {
  it('goes on where it was left off here, which may not be written yet, and fills what it has missed', () => {
    trades(2)
    exchange.deliver(connection)
    exchange.unfollow('AAA')
    trades(1)
    exchange.deliver(connection)
    exchange.follow('AAA', { tradeId: 1, timeMs: 0 })
    comeBack()
    expect(told()).toEqual(['AAA 1', 'AAA 2', 'AAA 3-3 open reconnect', 'AAA 3', 'AAA 3-3 filled reconnect', 'AAA 4'])
  })

  it('goes on where another has come to in the meantime', () => {
    trades(1)
    exchange.deliver(connection)
    exchange.unfollow('AAA')
    trades(3)
    exchange.deliver(connection)
    exchange.follow('AAA', { tradeId: 3, timeMs: 0 })
    comeBack()
    expect(told().filter((line) => !line.includes('-'))).toEqual(['AAA 1', 'AAA 4', 'AAA 5'])
  })

  it('has its gap closed as far as it is filled, and open from there: it may not be followed again', () => {
    trades(1)
    exchange.deliver(connection)
    for (let made = 0; made < 1_500; made++) exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer()
    exchange.unfollow('AAA')
    expect(told().filter((line) => line.includes('-'))).toEqual([
      'AAA 2-1501 open skip',
      'AAA 2-1001 filled skip',
      'AAA 1002-1501 open skip',
    ])
    exchange.follow('AAA')
    comeBack()
    expect(told().slice(-3)).toEqual(['AAA 1502', 'AAA 1002-1502 filled reconnect', 'AAA 1503'])
  })

  it('has a gap from before a restart closed as far as it is filled', () => {
    exchange.continuity.add('CCC', { tradeId: 7, timeMs: 5, openGapFromId: 4 })
    exchange.continuity.remove('CCC')
    expect(told()).toEqual(['CCC 4-7 filled restart'])
  })

  it('takes no answer to a question from before', () => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    exchange.unfollow('AAA')
    exchange.follow('AAA')
    exchange.connect()
    exchange.pass(exchange.limits.checkAfterMs)
    expect(exchange.pending).toMatchObject([{ kind: 'page' }, { kind: 'check' }])
    exchange.pending.reverse()
    exchange.answer()
    exchange.pass(exchange.limits.suspectMs)
    expect(exchange.pending).toMatchObject([{ kind: 'page' }, { kind: 'page' }])
    exchange.answer('unavailable')
    exchange.pass(exchange.limits.retryMs)
    expect(exchange.pending).toHaveLength(1)
    exchange.answer()
    expect(told().at(-1)).toBe('AAA 2-3 filled reconnect')
  })
})
