import { beforeEach, describe, expect, it } from 'vitest'
import { Continuity } from './continuity.ts'
import { ExchangeFixture, tradeOf, type Output } from './exchange-fixture.ts'

let exchange: ExchangeFixture
let connection: number

beforeEach(() => {
  exchange = new ExchangeFixture(['AAA', 'BBB'])
  connection = exchange.connect()
})

const told = (outputs: readonly Output[] = exchange.outputs): string[] =>
  outputs.map((output) => {
    if (output.kind === 'trade') return `${output.trade.symbol} ${output.trade.trade_id}`
    if (output.kind === 'heartbeat') return `${output.symbol} until ${output.watermarkMs - 1_000_000}`
    if (output.kind === 'rejected') return `${output.rejected.message} rejected`
    const { symbol, from_trade_id: from, to_trade_id: to, status, cause } = output.gap
    return `${symbol} ${from}-${to} ${status} ${cause}`
  })
const trades = (count: number, symbol = 'AAA'): void => {
  for (let made = 0; made < count; made++) exchange.trade(symbol)
}

describe('trades', () => {
  it('come out at once while their ids are contiguous, each once', () => {
    trades(2)
    exchange.repeat(connection)
    exchange.deliver(connection)
    expect(told()).toEqual(['AAA 1', 'AAA 2'])
    expect(exchange.continuity.figures.duplicates).toBe(1)
  })

  it('that come out of order wait for each other, and nothing is said of a gap', () => {
    trades(3)
    exchange.deliver(connection, 1)
    exchange.swap(connection)
    exchange.deliver(connection, 1)
    exchange.pass(exchange.limits.suspectMs - 1)
    exchange.deliver(connection)
    expect(told()).toEqual(['AAA 1', 'AAA 2', 'AAA 3'])
    expect(exchange.pending).toEqual([])
  })

  it('behind a hole wait until the history has filled it; other symbols do not', () => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    trades(1, 'BBB')
    exchange.deliver(connection)
    expect(told()).toEqual(['AAA 1', 'BBB 1'])
    exchange.pass(exchange.limits.suspectMs)
    expect(told().at(-1)).toBe('AAA 2-2 open skip')
    exchange.answer()
    expect(told().slice(-3)).toEqual(['AAA 2', 'AAA 2-2 filled skip', 'AAA 3'])
  })

  it('that the history has not either are said to be unfillable, and the others go on', () => {
    trades(1)
    exchange.trade('AAA', { skippedIds: 2 })
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer()
    expect(told().slice(-2)).toEqual(['AAA 2-3 unfillable skip', 'AAA 4'])
    const [gap] = exchange.outputs.flatMap((output) => (output.kind === 'gap' ? [output.gap] : [])).slice(-1)
    // Its answer is the same in both cases.
    expect(gap?.reason).toMatch(/there are none, or it does not keep them/)
  })

  it('that the history does not show in time are given up, with the reason', () => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    exchange.deliver(connection)
    for (let waitedMs = 0; waitedMs <= exchange.limits.fillTimeoutMs; waitedMs += 1_000) {
      exchange.pass(1_000)
      exchange.answer('unavailable')
    }
    expect(told().slice(-2)).toEqual(['AAA 2-2 given_up skip', 'AAA 3'])
    const [gap] = exchange.outputs.filter(({ kind }) => kind === 'gap').slice(-1)
    expect(gap?.kind === 'gap' && gap.gap.reason).toContain('unavailable')
  })

  it('are given up where there is no history, and not waited for longer than they are suspected', () => {
    const outputs: Output[] = []
    const alone = new Continuity({
      limits: exchange.limits,
      hasHistory: false,
      output: {
        trade: (trade) => outputs.push({ kind: 'trade', trade }),
        gap: (gap) => outputs.push({ kind: 'gap', gap }),
        rejected: (rejected) => outputs.push({ kind: 'rejected', rejected }),
        heartbeat: (symbol, watermarkMs) => outputs.push({ kind: 'heartbeat', symbol, watermarkMs }),
        wentBack: () => undefined,
      },
    })
    alone.add('AAA', { tradeId: 5, timeMs: 0 })
    alone.connected(1, ['AAA'], 0)
    alone.receive(1, tradeOf('AAA', 8), 0)
    expect(alone.nextRequest(exchange.limits.suspectMs - 1)).toBeUndefined()
    expect(outputs).toEqual([])
    expect(alone.nextRequest(exchange.limits.suspectMs)).toBeUndefined()
    expect(told(outputs)).toEqual(['AAA 6-7 given_up restart', 'AAA 8'])
  })

  it('that there was no room for are asked for later, without another one to tell', () => {
    trades(2)
    exchange.deliver(connection, 1)
    exchange.deliver(connection, 1, 'drop')
    exchange.pass(0)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer()
    expect(told()).toEqual(['AAA 1', 'AAA 2-2 open overload', 'AAA 2', 'AAA 2-2 filled overload'])
  })
})

describe('an exchange that begins its ids anew', () => {
  it('is told of, once, and no heartbeat is said of the symbol any more; a repeated trade is no such thing', () => {
    trades(2)
    exchange.deliver(connection)
    exchange.pass(3_600_000)
    const { nowMs } = exchange
    exchange.continuity.receive(connection, tradeOf('AAA', 1, 1_000_000), nowMs)
    expect(exchange.wentBack).toEqual([])
    for (const id of [1, 2]) exchange.continuity.receive(connection, tradeOf('AAA', id, nowMs), nowMs)
    expect(exchange.wentBack).toEqual(['AAA'])
    expect(exchange.continuity.figures.wentBack).toBe(1)
    exchange.heartbeats()
    expect(told()).toEqual(['AAA 1', 'AAA 2'])
  })
})

describe('a connection that leaves out trades', () => {
  it('of one symbol, while it brings others, is found out by the next audit, and they are filled', () => {
    trades(1)
    exchange.deliver(connection)
    exchange.trade('AAA', { lostOn: [connection] })
    for (let passedMs = 0; passedMs <= exchange.limits.auditIntervalMs; passedMs += 1_000) {
      trades(1, 'BBB')
      exchange.deliver(connection)
      exchange.pass(1_000)
      exchange.answer()
    }
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer()
    expect(told().filter((line) => line.startsWith('AAA'))).toContain('AAA 2')
    expect(exchange.continuity.deaf(exchange.nowMs)).toEqual([])
  })

  it('of all symbols is deaf, unless what it sent was only late', () => {
    trades(1)
    exchange.deliver(connection)
    trades(1)
    exchange.pass(exchange.limits.quietMs)
    exchange.answer()
    exchange.pass(exchange.limits.quietMs - 1)
    expect(exchange.continuity.deaf(exchange.nowMs)).toEqual([])
    expect(exchange.continuity.deaf(exchange.nowMs + 1)).toEqual([connection])
    exchange.deliver(connection)
    expect(exchange.continuity.deaf(exchange.nowMs + 1)).toEqual([])
  })
})

describe('after a restart', () => {
  it('what was missed is filled though the symbol is silent since, and is told by one question for all symbols', () => {
    trades(1)
    trades(1, 'BBB')
    exchange.deliver(connection)
    exchange.restart()
    trades(2)
    exchange.connect()
    exchange.pass(exchange.limits.checkAfterMs)
    expect(exchange.pending).toMatchObject([{ kind: 'check', symbols: ['AAA', 'BBB'] }])
    exchange.answer()
    exchange.pass(0)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer()
    expect(told().slice(2)).toEqual(['AAA 2-3 open restart', 'AAA 2', 'AAA 3', 'AAA 2-3 filled restart'])
  })

  it('a gap that was open is gone on with under its name', () => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    exchange.restart()
    trades(1)
    const again = exchange.connect()
    trades(1)
    exchange.deliver(again)
    exchange.pass(0)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer()
    const [first, ...later] = exchange.outputs.flatMap((output) => (output.kind === 'gap' ? [output.gap] : []))
    expect(first).toMatchObject({ gap_id: 'AAA:2', status: 'open' })
    expect(later).toMatchObject([{ gap_id: 'AAA:2', from_trade_id: 2, to_trade_id: 4, status: 'filled' }])
  })

  it('a gap that turns out to be filled already is closed with the next trade', () => {
    exchange.continuity.add('AAA', { tradeId: 7, timeMs: 5, openGapFromId: 4 })
    exchange.continuity.connected(9, ['AAA'], 0)
    exchange.continuity.receive(9, tradeOf('AAA', 8), 0)
    expect(told()).toEqual(['AAA 8', 'AAA 4-8 filled restart'])
  })
})

describe('heartbeats', () => {
  const { watermarkMarginMs: marginMs } = new ExchangeFixture([]).limits

  it('say up to when a symbol is complete by the other symbols of its connection, less the margin', () => {
    trades(1)
    exchange.pass(10_000)
    trades(1, 'BBB')
    exchange.deliver(connection)
    exchange.heartbeats()
    expect(told().slice(2)).toEqual([`AAA until ${10_000 - marginMs}`, `BBB until ${10_000 - marginMs}`])
    exchange.heartbeats()
    expect(told()).toHaveLength(4)
  })

  it('are not said of a symbol without a trade, nor before an open hole', () => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    exchange.pass(10_000)
    trades(1)
    exchange.deliver(connection)
    exchange.heartbeats()
    expect(told()).toEqual(['AAA 1'])
  })

  it('are not said of a symbol in doubt: after a connect, until it is contiguous or the history shows none newer', () => {
    trades(1)
    exchange.deliver(connection)
    exchange.cut(connection)
    const again = exchange.connect()
    exchange.pass(10_000)
    trades(1, 'BBB')
    exchange.deliver(again)
    exchange.heartbeats()
    expect(told().filter((line) => line.includes('until'))).toEqual([`BBB until ${10_000 - marginMs}`])
    expect(exchange.continuity.figures.inDoubt).toBe(1)
    exchange.answer()
    exchange.heartbeats()
    expect(told().at(-1)).toBe(`AAA until ${10_000 - marginMs}`)
    expect(exchange.continuity.figures.inDoubt).toBe(0)
  })

  it('are not said after bytes that can not be read, which may have been a trade, until it is known that they were none', () => {
    trades(1)
    exchange.deliver(connection)
    exchange.trade('AAA', { garbledOn: [connection] })
    exchange.pass(10_000)
    trades(1, 'BBB')
    exchange.deliver(connection)
    exchange.heartbeats()
    expect(told().filter((line) => line.startsWith('AAA until'))).toEqual([])
  })

  it('are not said on an answer that was asked for before bytes came that can not be read', () => {
    trades(1)
    exchange.deliver(connection)
    exchange.pass(exchange.limits.quietMs)
    exchange.trade('AAA', { garbledOn: [connection] })
    exchange.pass(10_000)
    trades(1, 'BBB')
    exchange.deliver(connection)
    exchange.answer()
    exchange.heartbeats()
    expect(told().filter((line) => line.startsWith('AAA until'))).toEqual([
      `AAA until ${exchange.limits.quietMs - marginMs}`,
    ])
    expect(exchange.continuity.figures.inDoubt).toBe(1)
  })

  it('go on by the exchange’s own clock where a connection is quiet', () => {
    trades(1)
    exchange.deliver(connection)
    exchange.pass(exchange.limits.quietMs)
    exchange.answer()
    exchange.heartbeats()
    expect(told().at(-1)).toBe(`AAA until ${exchange.limits.quietMs - marginMs}`)
  })

  it('do not go on by the exchange’s clock where it knows of newer trades', () => {
    trades(1)
    exchange.deliver(connection)
    trades(1)
    exchange.pass(exchange.limits.quietMs)
    exchange.answer()
    exchange.heartbeats()
    expect(told()).toEqual(['AAA 1'])
  })
})

describe('questions to the history', () => {
  const lose = (): void => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    exchange.deliver(connection)
  }

  it('that wait for the budget for longer than a hole may stay open give nothing up: they are asked then', () => {
    lose()
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer('rate-limited', exchange.limits.fillTimeoutMs + 1_000)
    exchange.pass(exchange.limits.fillTimeoutMs + 1_000)
    expect(told().at(-1)).toBe('AAA 2-2 open skip')
    exchange.answer()
    expect(told().at(-1)).toBe('AAA 3')
  })

  it('do not wait for the budget for ever: a long ban ends in a gap that is given up', () => {
    lose()
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer('rate-limited', 3 * 24 * 3_600_000)
    exchange.pass(exchange.limits.maxLimitedMs + exchange.limits.fillTimeoutMs)
    expect(told().slice(-2)).toEqual(['AAA 2-2 given_up skip', 'AAA 3'])
  })

  it('that nobody asked for a while, since what was there had no room, are asked before anything is given up', () => {
    lose()
    exchange.pass(10 * exchange.limits.fillTimeoutMs, 'stalled')
    exchange.answer()
    expect(told().slice(-2)).toEqual(['AAA 2-2 filled skip', 'AAA 3'])
  })

  it('wait as long as the exchange says, and the hole with them', () => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer('rate-limited')
    exchange.pass(2_999)
    expect(exchange.pending).toEqual([])
    exchange.pass(1)
    expect(exchange.pending).toHaveLength(1)
  })

  it('are repeated where the history is behind the stream', () => {
    trades(1)
    exchange.trade('AAA', { lostOn: [connection] })
    trades(1)
    exchange.deliver(connection)
    exchange.pass(exchange.limits.suspectMs)
    exchange.answer('behind')
    expect(told().at(-1)).toBe('AAA 2-2 open skip')
    exchange.pass(exchange.limits.retryMs)
    exchange.answer()
    expect(told().at(-1)).toBe('AAA 3')
  })
})
