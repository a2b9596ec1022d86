import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualFeedClock } from '../manual-feed-clock.ts'
import { ExchangeFake } from './exchange-fake.ts'
import { dailyTickerWeight, ExchangeRest } from './exchange-rest.ts'

let fake: ExchangeFake
let rest: ExchangeRest

beforeEach(async () => {
  fake = await ExchangeFake.start()
  rest = new ExchangeRest({ url: fake.url, clock: new ManualFeedClock() })
})

afterEach(() => fake[Symbol.asyncDispose]())

const answer = (route: string, body: unknown): void => {
  fake.routes[`/api/v3/${route}`] = { body }
}
const askedLast = (): string | undefined => fake.asked.at(-1)?.replace('/api/v3/', '')

const tradeRow = {
  id: 28457,
  price: '4.00000100',
  qty: '12.00000000',
  quoteQty: '48.000012',
  time: 1_499_865_549_590,
  isBuyerMaker: true,
  isBestMatch: true,
}

describe('the exchange over HTTP', () => {
  it('answers a ping', async () => {
    answer('ping', {})
    await rest.ping()
    expect(askedLast()).toBe('ping')
  })

  it('tells its time in milliseconds or microseconds', async () => {
    answer('time', { serverTime: 1_499_827_319_559 })
    expect(await rest.time()).toEqual({ timeMs: 1_499_827_319_559, resolutionMs: 1 })
    answer('time', { serverTime: 1_499_827_319_559_250 })
    expect(await rest.time()).toEqual({ timeMs: 1_499_827_319_559.25, resolutionMs: 0.001 })
  })

  it('tells its symbols', async () => {
    const row = { symbol: 'ETHBTC', status: 'TRADING', baseAsset: 'ETH', quoteAsset: 'BTC' }
    answer('exchangeInfo', { timezone: 'UTC', serverTime: 1_565_246_363_776, symbols: [{ ...row, filters: [] }] })
    expect(await rest.exchangeInfo()).toEqual({ serverTimeMs: 1_565_246_363_776, symbols: [row] })
  })

  it('gives single trades, ascending, in milliseconds from either unit; a row that would lose digits is told apart', async () => {
    const lossy = { ...tradeRow, id: 28458, price: '0.12345678901234567' }
    answer('trades', [lossy, { ...tradeRow, id: 28459, time: 1_499_865_549_590_123 }, tradeRow])
    const { trades, rejected } = await rest.trades('BNBBTC')
    expect(askedLast()).toBe('trades?symbol=BNBBTC&limit=1000')
    expect(trades.map(({ trade_id, trade_time_ms }) => [trade_id, trade_time_ms])).toEqual([
      [28457, 1_499_865_549_590],
      [28459, 1_499_865_549_590],
    ])
    expect(trades[0]).toEqual({
      event_type: 'trade',
      event_time_ms: 1_499_865_549_590,
      symbol: 'BNBBTC',
      trade_id: 28457,
      price: 4.000001,
      quantity: 12,
      trade_time_ms: 1_499_865_549_590,
      is_buyer_maker: true,
      ingestion_time_ms: 1_000_000,
      latency_ms: 1_000_000 - 1_499_865_549_590,
    })
    expect(rejected).toEqual([
      {
        kind: 'rejected',
        tradeId: 28458,
        code: 'lossy-decimal',
        bytes: Buffer.from(JSON.stringify(lossy)),
        receivedAtMs: 1_000_000,
        message: 'BNBBTC trade 28458, over REST: price (p) "0.12345678901234567" has no double that gives it back',
      },
    ])
  })

  it('gives single trades from an id on', async () => {
    answer('historicalTrades', [tradeRow])
    const { trades } = await rest.historicalTrades({ symbol: 'BNBBTC', fromId: 28457, limit: 10 })
    expect(askedLast()).toBe('historicalTrades?symbol=BNBBTC&fromId=28457&limit=10')
    expect(trades.map(({ trade_id }) => trade_id)).toEqual([28457])
  })

  it('gives aggregate trades of a while', async () => {
    const row = {
      a: 26129,
      p: '0.01633102',
      q: '4.70443515',
      f: 27781,
      l: 27783,
      T: 1_498_793_709_153,
      m: true,
      M: true,
    }
    answer('aggTrades', [row])
    const range = { symbol: 'BNBBTC', startTimeMs: 1, endTimeMs: 2, limit: 3 }
    expect(await rest.aggTrades(range)).toEqual([
      {
        symbol: 'BNBBTC',
        aggTradeId: 26129,
        price: 0.01633102,
        quantity: 4.70443515,
        firstTradeId: 27781,
        lastTradeId: 27783,
        tradeTimeMs: 1_498_793_709_153,
        isBuyerMaker: true,
      },
    ])
    expect(askedLast()).toBe('aggTrades?symbol=BNBBTC&startTime=1&endTime=2&limit=3')
  })

  it('gives candles', async () => {
    const prices = ['0.01634790', '0.80000000', '0.01575800', '0.01577100']
    const takers = ['1756.87402397', '28.46694368', '0']
    answer('klines', [[1_499_040_000_000, ...prices, '148976.1', 1_499_644_799_999, '2434.19', 308, ...takers]])
    expect(await rest.klines({ symbol: 'BNBBTC', interval: '1w' })).toEqual([
      {
        symbol: 'BNBBTC',
        interval: '1w',
        openTimeMs: 1_499_040_000_000,
        closeTimeMs: 1_499_644_799_999,
        open: 0.0163479,
        high: 0.8,
        low: 0.015758,
        close: 0.015771,
        baseVolume: '148976.1',
        quoteVolume: '2434.19',
        tradeCount: 308,
        takerBuyBaseVolume: '1756.87402397',
        takerBuyQuoteVolume: '28.46694368',
      },
    ])
    expect(askedLast()).toBe('klines?symbol=BNBBTC&limit=1000&interval=1w')
  })

  it('gives prices, of some symbols or of all', async () => {
    answer('ticker/price', [{ symbol: 'LTCBTC', price: '4.00000200' }])
    expect(await rest.prices(['LTCBTC'])).toEqual([{ symbol: 'LTCBTC', price: 4.000002 }])
    expect(askedLast()).toBe('ticker/price?symbols=["LTCBTC"]')
    await rest.prices()
    expect(askedLast()).toBe('ticker/price')
  })

  it('gives the last 24 hours; ids are null where there was no trade', async () => {
    const row = { lastPrice: '4.0', openTime: 1, closeTime: 2, volume: '8.3', quoteVolume: '15.3', count: 76 }
    const idle = { symbol: 'IDLE', ...row, firstId: -1, lastId: -1, count: 0 }
    answer('ticker/24hr', [{ symbol: 'BNBBTC', ...row, firstId: 28385, lastId: 28460 }, idle])
    expect(await rest.dailyTickers(['BNBBTC', 'IDLE'])).toMatchObject([
      { symbol: 'BNBBTC', firstTradeId: 28385, lastTradeId: 28460, closeTimeMs: 2, tradeCount: 76, lastPrice: 4 },
      { symbol: 'IDLE', firstTradeId: null, lastTradeId: null },
    ])
    expect(askedLast()).toBe('ticker/24hr?symbols=["BNBBTC","IDLE"]&type=MINI')
  })

  it.each([
    [1, 2],
    [20, 2],
    [21, 40],
    [100, 40],
    [101, 80],
    [0, 80],
  ])('counts the last 24 hours of %i symbols (0: all) as weight %i', (symbols, weight) => {
    expect(dailyTickerWeight(symbols)).toBe(weight)
  })

  it('that answers something else is unavailable, and the message says where it went wrong', async () => {
    answer('aggTrades', [{ a: 1 }])
    await expect(rest.aggTrades({ symbol: 'BNBBTC' })).rejects.toMatchObject({
      code: 'unavailable',
      message: "the exchange's aggTrades can't be read, missing-field: row 0: field p is missing",
    })
    answer('trades', { rows: [] })
    await expect(rest.trades('BNBBTC')).rejects.toThrow('it is a object, not an array')
  })
})
