import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualFeedClock } from '../manual-feed-clock.ts'
import type { TradeHistory, TradePage } from '../trade-history.ts'
import { ExchangeFake } from './exchange-fake.ts'
import { ExchangeRest } from './exchange-rest.ts'
import { restTradeHistory } from './rest-history.ts'

let fake: ExchangeFake
let history: TradeHistory
let warnings: string[]
/** Ids that the exchange has, ascending. */
let ids: number[]
/** Of the last 24 hours. */
let openTime: number

const row = (id: number) => ({ id, price: '1.5', qty: '2', time: 1_000 + id, isBuyerMaker: true })

beforeEach(async () => {
  fake = await ExchangeFake.start()
  warnings = []
  ids = idsUpTo(5_000)
  openTime = 0
  const rest = new ExchangeRest({ url: fake.url, clock: new ManualFeedClock() })
  history = restTradeHistory(rest, { warn: (_fields, message) => warnings.push(message) })
  fake.routes['/api/v3/trades'] = () => ({ body: ids.slice(-1_000).map(row) })
  fake.routes['/api/v3/historicalTrades'] = (query) => {
    const from = Number(query.get('fromId'))
    const found = ids.filter((id) => id >= from).slice(0, Number(query.get('limit')))
    return { body: found.map(row) }
  }
  fake.routes['/api/v3/ticker/24hr'] = (query) => {
    const known = ['BTCUSDT', 'ETHUSDT', 'IDLE']
    const asked = JSON.parse(query.get('symbols') ?? JSON.stringify(known)) as string[]
    if (!asked.every((symbol) => known.includes(symbol))) {
      return { status: 400, body: { code: -1121, msg: 'Invalid symbol.' } }
    }
    const rest = {
      lastPrice: '1',
      openTime,
      closeTime: openTime + 77,
      firstId: -1,
      count: 1,
      volume: '1',
      quoteVolume: '1',
    }
    return { body: asked.map((symbol) => ({ ...rest, symbol, lastId: symbol === 'IDLE' ? -1 : ids.at(-1) })) }
  }
  fake.routes['/api/v3/time'] = { body: { serverTime: 1_499_827_319_559_250 } }
})

afterEach(() => fake[Symbol.asyncDispose]())

function idsUpTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}

const get = (fromId: number, limit = 1_000): Promise<TradePage> => history.trades({ symbol: 'BTCUSDT', fromId, limit })
const idsOf = ({ trades }: TradePage): number[] => trades.map(({ trade_id }) => trade_id)
const routesAsked = (): string[] => fake.asked.map((asked) => asked.replace(/^\/api\/v3\/|\?.*$/g, ''))

describe('the trades of the past', () => {
  it('that are recent come from memory, in one request', async () => {
    const page = await get(4_500, 3)
    expect(idsOf(page)).toEqual([4_500, 4_501, 4_502])
    expect(page.completeFromId).toBe(4_500)
    expect(routesAsked()).toEqual(['trades'])
  })

  it('that are older come from the database, at once where the newest id is known', async () => {
    await history.lastTradeIds(['BTCUSDT'])
    const page = await get(100, 2)
    expect(idsOf(page)).toEqual([100, 101])
    expect(page.completeFromId).toBe(100)
    expect(routesAsked()).toEqual(['ticker/24hr', 'historicalTrades'])
  })

  it('that are older are found where nothing is known yet, with one request more', async () => {
    expect(idsOf(await get(100, 2))).toEqual([100, 101])
    expect(routesAsked()).toEqual(['trades', 'historicalTrades'])
  })

  it('that do not exist are not made up: a page holds what there is', async () => {
    ids = ids.filter((id) => id < 4_600 || id > 4_700)
    const page = await get(4_599, 3)
    expect(idsOf(page)).toEqual([4_599, 4_701, 4_702])
    expect(page.completeFromId).toBe(4_599)
    expect(await get(6_000)).toEqual({ trades: [], rejected: [], completeFromId: 6_000 })
  })

  it('are not taken for complete where the exchange has few of them in memory: its database is asked', async () => {
    fake.routes['/api/v3/trades'] = () => ({ body: ids.slice(-2).map(row) })
    expect(idsOf(await get(4_990, 3))).toEqual([4_990, 4_991, 4_992])
    expect(routesAsked()).toEqual(['trades', 'historicalTrades'])
    ids = [7, 8]
    expect(await get(1)).toMatchObject({ trades: [{ trade_id: 7 }, { trade_id: 8 }], completeFromId: 1 })
  })

  it('are asked for again after the firewall has turned a request away: the host has them all the same', async () => {
    const served = fake.routes['/api/v3/historicalTrades']!
    fake.routes['/api/v3/historicalTrades'] = { status: 403, body: '<html>' }
    await expect(get(100, 2)).rejects.toMatchObject({ code: 'unavailable', retriable: true })
    fake.routes['/api/v3/historicalTrades'] = served
    expect(idsOf(await get(100, 2))).toEqual([100, 101])
    expect(history.reach).toBe('any')
  })

  it('beyond the newest 1,000 can not be had of a host without historicalTrades, which is found out once and told', async () => {
    delete fake.routes['/api/v3/historicalTrades']
    await history.lastTradeIds(['BTCUSDT'])
    expect(history.reach).toBe('any')
    const page = await get(100, 2)
    expect(history.reach).toBe('last-1000')
    expect(idsOf(page)).toEqual([4_001, 4_002])
    expect(page.completeFromId).toBe(4_001)
    await get(200, 2)
    expect(routesAsked()).toEqual(['ticker/24hr', 'historicalTrades', 'trades', 'trades'])
    expect(warnings).toEqual([expect.stringContaining('only the newest 1000 trades of a symbol can be had')])
  })

  it('are known to be short of a host for market data only, without asking', () => {
    const rest = new ExchangeRest({ url: 'https://data-api.binance.vision' })
    expect(restTradeHistory(rest, { warn: () => undefined }).reach).toBe('last-1000')
  })

  it('that would lose digits are told apart, with their bytes, and count like others', async () => {
    const lossy = (id: number) => ({ ...row(id), price: '0.12345678901234567' })
    const body = [lossy(2), row(3), lossy(4), row(5), lossy(6), { ...row(7), id: 'x' }]
    fake.routes['/api/v3/trades'] = { body }
    const page = await get(2, 3)
    expect(idsOf(page)).toEqual([3])
    expect(page.completeFromId).toBe(2)
    expect(page.rejected).toMatchObject([
      { tradeId: 2, code: 'lossy-decimal', bytes: Buffer.from(JSON.stringify(body[0])) },
      { tradeId: 4, code: 'lossy-decimal' },
      { tradeId: undefined, code: 'wrong-type' },
    ])
    fake.routes['/api/v3/historicalTrades'] = { body: [row(1), lossy(2)] }
    expect(await history.trades({ symbol: 'BTCUSDT', fromId: 2, limit: 9 })).toMatchObject({
      rejected: [{}, {}, {}, {}],
    })
  })
})

describe('the newest trade of each symbol', () => {
  it('is told in one request', async () => {
    expect(await history.lastTradeIds(['BTCUSDT'])).toEqual(new Map([['BTCUSDT', { id: 5_000, timeMs: 77 }]]))
    expect(routesAsked()).toEqual(['ticker/24hr'])
  })

  it('of a symbol that was not traded for a day is one from before, and is asked for once', async () => {
    const last = new Map([['IDLE', { id: 5_000, timeMs: 77 }]])
    expect(await history.lastTradeIds(['IDLE'])).toEqual(last)
    expect(await history.lastTradeIds(['IDLE'])).toEqual(last)
    expect(fake.asked.map((asked) => asked.split('?')[0])).toEqual([
      '/api/v3/ticker/24hr',
      '/api/v3/trades',
      '/api/v3/ticker/24hr',
    ])
  })

  it('is asked for again of a symbol that is without a trade for a day since then', async () => {
    await history.lastTradeIds(['IDLE'])
    openTime = 78
    ids = idsUpTo(5_001)
    expect((await history.lastTradeIds(['IDLE'])).get('IDLE')?.id).toBe(5_001)
  })

  it('is told of the others where one does not exist, which has none', async () => {
    expect([...(await history.lastTradeIds(['BTCUSDT', 'NOPE'])).entries()]).toEqual([
      ['NOPE', { id: -1, timeMs: 0 }],
      ['BTCUSDT', { id: 5_000, timeMs: 77 }],
    ])
    expect(routesAsked()).toEqual(['ticker/24hr', 'ticker/24hr'])
  })

  it('is asked of all where naming them would cost as much', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `S${index}`)
    expect((await history.lastTradeIds([...many, 'ETHUSDT'])).get('ETHUSDT')?.id).toBe(5_000)
    expect(fake.asked).toEqual(['/api/v3/ticker/24hr?type=MINI'])
  })

  it('is asked of nobody where there are no symbols', async () => {
    expect(await history.lastTradeIds([])).toEqual(new Map())
    expect(fake.asked).toEqual([])
  })
})

describe('a failure', () => {
  it('comes as one of the port, with the time to keep still', async () => {
    fake.routes['/api/v3/trades'] = { status: 429, headers: { 'Retry-After': '3' }, body: {} }
    await expect(get(1)).rejects.toMatchObject({
      name: 'TradeHistoryError',
      code: 'rate-limited',
      retryAfterMs: 3_000,
      retriable: true,
    })
  })

  it.each([
    ['unavailable', 503, {}],
    ['refused', 400, { code: -1121, msg: 'Invalid symbol.' }],
    ['unauthorised', 401, {}],
  ])('is %s for status %i', async (code, status, body) => {
    fake.routes['/api/v3/time'] = { status, body }
    await expect(history.serverTimeMs()).rejects.toMatchObject({ name: 'TradeHistoryError', code })
  })

  it('of the signal is no failure of the port', async () => {
    const signal = AbortSignal.abort(new Error('stopping'))
    await expect(history.serverTimeMs(signal)).rejects.toThrow('stopping')
  })
})

it('the time is in whole milliseconds', async () => {
  expect(await history.serverTimeMs()).toBe(1_499_827_319_559)
})
