import { describe, expect, it } from 'vitest'
import { PublishedTrades } from '../history/published-trades.ts'
import { RestApi } from './rest-api.ts'
import type { RestApiOptions, RestReply } from './rest-api.ts'

const NOW_MS = 1_800_000_120_000
const BTC = 'BTCUSDT'

/** Ten trades of one symbol, 10 s apart, two at a time the fills of one order; none of the other. */
function published(): PublishedTrades {
  const trades = new PublishedTrades([BTC, 'ETHUSDT'], 10_000)
  for (let index = 0; index < 10; index += 1) {
    const order = Math.floor(index / 2)
    trades.append({
      symbol: BTC,
      tradeId: 100 + index,
      price: `${60_000 + order}.50`,
      quantity: '0.00300000',
      tradeTimeMs: NOW_MS - 120_000 + order * 20_000,
      isBuyerMaker: order % 2 === 1,
    })
  }
  return trades
}

interface Asked {
  readonly api?: RestApiOptions
  readonly timeUnit?: string
  readonly databaseLagMs?: number
}

function ask(call: string, { api = {}, timeUnit, databaseLagMs = 0 }: Asked = {}): Promise<RestReply> {
  const [name = '', query = ''] = call.split('?')
  const trades = published()
  return new RestApi(api).answer(
    { name, query: new URLSearchParams(query), timeUnit, address: '127.0.0.1', clockMs: 0 },
    { symbols: trades.symbols, published: () => Promise.resolve(trades), nowMs: NOW_MS, databaseLagMs },
  )
}

async function bodyOf(call: string, asked?: Asked): Promise<unknown> {
  return (await ask(call, asked)).body
}

const ids = async (call: string, asked?: Asked) => ((await bodyOf(call, asked)) as { id: number }[]).map(({ id }) => id)

describe('trades', () => {
  it('are the newest, oldest of them first, with exact decimals', async () => {
    expect(await bodyOf(`trades?symbol=${BTC}&limit=1`)).toEqual([
      {
        id: 109,
        price: '60004.50000000',
        qty: '0.00300000',
        quoteQty: '180.01350000',
        time: NOW_MS - 40_000,
        isBuyerMaker: false,
        isBestMatch: true,
      },
    ])
    expect(await ids(`trades?symbol=${BTC}&limit=3`)).toEqual([107, 108, 109])
    expect(await ids(`trades?symbol=${BTC}`)).toHaveLength(10)
    expect(await ids('trades?symbol=ETHUSDT')).toEqual([])
  })

  it('from an id on are that one and those after it, or what follows where it is not there', async () => {
    expect(await ids(`historicalTrades?symbol=${BTC}&fromId=103&limit=2`)).toEqual([103, 104])
    expect(await ids(`historicalTrades?symbol=${BTC}&fromId=1&limit=2`)).toEqual([100, 101])
    expect(await ids(`historicalTrades?symbol=${BTC}&fromId=110`)).toEqual([])
    expect(await ids(`historicalTrades?symbol=${BTC}&limit=2`)).toEqual([108, 109])
  })

  it('of the database may lag behind, those of memory never do', async () => {
    expect(await ids(`historicalTrades?symbol=${BTC}`, { databaseLagMs: 60_000 })).toHaveLength(6)
    expect(await ids(`trades?symbol=${BTC}`, { databaseLagMs: 60_000 })).toHaveLength(10)
  })

  it('from an id on are not there on a host without them', async () => {
    const reply = await ask(`historicalTrades?symbol=${BTC}`, { api: { historicalTrades: false } })
    expect(reply.status).toBe(404)
    expect((await ask(`trades?symbol=${BTC}`, { api: { historicalTrades: false } })).status).toBe(200)
  })

  it('of one order and price are one row, numbered without gaps', async () => {
    const rows = (await bodyOf(`aggTrades?symbol=${BTC}`)) as { a: number; f: number; l: number; q: string }[]
    expect(rows.map(({ a, f, l }) => [a, f, l])).toEqual(
      [0, 1, 2, 3, 4].map((i) => [100 + i, 100 + 2 * i, 101 + 2 * i]),
    )
    expect(rows[0]).toEqual({
      a: 100,
      p: '60000.50000000',
      q: '0.00600000',
      f: 100,
      l: 101,
      T: NOW_MS - 120_000,
      m: false,
      M: true,
    })
    const of = async (query: string) =>
      ((await bodyOf(`aggTrades?symbol=${BTC}&${query}`)) as typeof rows).map(({ a }) => a)
    expect(await of('fromId=102&limit=2')).toEqual([102, 103])
    expect(await of('limit=2')).toEqual([103, 104])
    expect(await of(`startTime=${NOW_MS - 100_000}&endTime=${NOW_MS - 60_000}`)).toEqual([101, 102, 103])
    expect(await of(`endTime=${NOW_MS - 100_000}`)).toEqual([100, 101])
  })
})

describe('candles', () => {
  it('hold the trades of their span, and a quiet one stands at the last close', async () => {
    expect(await bodyOf(`klines?symbol=${BTC}&interval=1m`)).toEqual([
      candle(NOW_MS - 120_000, ['60000.50000000', '60002.50000000', '60000.50000000', '60002.50000000'], {
        volume: '0.01800000',
        quote: '1080.02700000',
        count: 6,
        taker: '0.01200000',
        takerQuote: '720.01800000',
      }),
      candle(NOW_MS - 60_000, ['60003.50000000', '60004.50000000', '60003.50000000', '60004.50000000'], {
        volume: '0.01200000',
        quote: '720.04800000',
        count: 4,
        taker: '0.00600000',
        takerQuote: '360.02700000',
      }),
    ])
    const seconds = (await bodyOf(`klines?symbol=${BTC}&interval=1s&limit=21&startTime=0`)) as [number, ...string[]][]
    expect(seconds).toHaveLength(21)
    expect(seconds[1]?.slice(1, 6)).toEqual([...Array(4).fill('60000.50000000'), '0.00000000'])
    expect(seconds[20]?.[1]).toBe('60001.50000000')
  })

  it('are found by their time of opening, in the days of a time zone', async () => {
    const day = 24 * 3_600_000
    const opens = async (query: string) =>
      ((await bodyOf(`klines?symbol=${BTC}&${query}`)) as [number][]).map(([open]) => open)
    expect(await opens('interval=1d')).toEqual([Math.floor(NOW_MS / day) * day])
    expect(await opens('interval=1d&timeZone=8')).toEqual([Math.floor((NOW_MS + day / 3) / day) * day - day / 3])
    expect(await opens(`interval=1m&startTime=${NOW_MS - 119_000}`)).toEqual([NOW_MS - 60_000])
    expect(await opens(`interval=1m&endTime=${NOW_MS - 61_000}`)).toEqual([NOW_MS - 120_000])
    expect(await opens('interval=1m&limit=1')).toEqual([NOW_MS - 60_000])
  })
})

function candle(openMs: number, prices: readonly string[], values: Record<string, string | number>) {
  const { volume, quote, count, taker, takerQuote } = values
  return [openMs, ...prices, volume, openMs + 59_999, quote, count, taker, takerQuote, '0']
}

describe('tickers', () => {
  it('of a day have its first and last id, of all symbols at once', async () => {
    const tickers = (await bodyOf('ticker/24hr')) as object[]
    expect(tickers).toMatchObject([
      { symbol: BTC, firstId: 100, lastId: 109, count: 10, openPrice: '60000.50000000', lastPrice: '60004.50000000' },
      { symbol: 'ETHUSDT', firstId: -1, lastId: -1, count: 0, lastPrice: '0.00000000' },
    ])
    expect(tickers[0]).toMatchObject({
      priceChange: '4.00000000',
      priceChangePercent: '0.007',
      weightedAvgPrice: '60002.50000000',
      bidPrice: '60004.49000000',
      askPrice: '60004.50000000',
    })
  })

  it('of one symbol are an object, of several a list, and small where that is asked for', async () => {
    expect(await bodyOf(`ticker/price?symbol=${BTC}`)).toEqual({ symbol: BTC, price: '60004.50000000' })
    expect(await bodyOf(`ticker/price?symbols=["${BTC}"]`)).toEqual([{ symbol: BTC, price: '60004.50000000' }])
    const mini = (await bodyOf(`ticker/24hr?symbol=${BTC}&type=MINI`)) as object
    expect(mini).toMatchObject({ lastId: 109 })
    expect(mini).not.toHaveProperty('priceChange')
  })
})

it('what can be traded comes with its limits, and the price filter first', async () => {
  const info = (await bodyOf('exchangeInfo')) as { symbols: { symbol: string; filters: object[] }[] }
  expect(info).toMatchObject({ timezone: 'UTC', serverTime: NOW_MS })
  expect(info.symbols.map(({ symbol }) => symbol)).toEqual([BTC, 'ETHUSDT'])
  expect(info.symbols[0]).toMatchObject({ status: 'TRADING', baseAsset: 'BTC', quoteAsset: 'USDT', permissions: [] })
  expect(info.symbols[0]?.filters[0]).toMatchObject({ filterType: 'PRICE_FILTER', tickSize: '0.01000000' })
  expect(((await bodyOf('exchangeInfo?symbol=ETHUSDT')) as typeof info).symbols).toHaveLength(1)
})

it('times are in microseconds where the header asks for them', async () => {
  expect(await bodyOf('time')).toEqual({ serverTime: NOW_MS })
  expect(await bodyOf('time', { timeUnit: 'MICROSECOND' })).toEqual({ serverTime: NOW_MS * 1000 })
  const [row] = (await bodyOf(`klines?symbol=${BTC}&interval=1m`, { timeUnit: 'microsecond' })) as number[][]
  expect([row?.[0], row?.[6]]).toEqual([(NOW_MS - 120_000) * 1000, (NOW_MS - 60_000) * 1000 - 1])
})

describe('weights', () => {
  it.each([
    ['ping', 1],
    ['exchangeInfo', 20],
    [`historicalTrades?symbol=${BTC}`, 25],
    ['ticker/24hr', 80],
    [`ticker/24hr?symbol=${BTC}`, 2],
    [`ticker/24hr?symbols=[${Array(21).fill('"A"').join()}]`, 40],
    ['ticker/price', 4],
  ])('of %s are used up, and the headers say so', async (call, weight) => {
    const { headers } = await ask(call)
    expect(headers).toMatchObject({ 'x-mbx-used-weight': `${weight}`, 'x-mbx-used-weight-1m': `${weight}` })
  })

  it('beyond the limit are refused with the exchange’s own words', async () => {
    const { status, headers, body } = await ask('exchangeInfo', { api: { weightPerMinute: 19 } })
    expect([status, headers['retry-after']]).toEqual([429, '60'])
    expect(body).toEqual({
      code: -1003,
      msg:
        'Too much request weight used; current limit is 19 request weight per 1 MINUTE. ' +
        'Please use WebSocket Streams for live updates to avoid polling the API.',
    })
  })
})

it.each([
  ['trades', -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
  ['trades?symbol=', -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
  ['trades?symbol=NONESUCH', -1121, 'Invalid symbol.'],
  [
    'trades?symbol=btcusdt',
    -1100,
    "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.",
  ],
  [`trades?symbol=${BTC}&limit=0`, -1130, "Data sent for parameter 'limit' is not valid."],
  [
    `trades?symbol=${BTC}&limit=x`,
    -1100,
    "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.",
  ],
  [`trades?symbol=${BTC}&limit=`, -1105, "Parameter 'limit' was empty."],
  [`trades?symbol=${BTC}&x=1`, -1104, "Not all sent parameters were read; read '1' parameter(s) but was sent '2'."],
  [`trades?symbol=${BTC}&symbol=${BTC}`, -1101, 'Duplicate values for a parameter detected.'],
  [`klines?symbol=${BTC}&interval=1x`, -1120, 'Invalid interval.'],
  [`klines?symbol=${BTC}`, -1102, "Mandatory parameter 'interval' was not sent, was empty/null, or malformed."],
  [`klines?symbol=${BTC}&interval=1m&timeZone=15`, -1130, "Data sent for parameter 'timeZone' is not valid."],
  [`aggTrades?symbol=${BTC}&fromId=1&startTime=1`, -1128, 'Combination of optional parameters invalid.'],
  [`exchangeInfo?symbols=["${BTC}","NONESUCH"]`, -1121, 'Invalid symbol.'],
  [`exchangeInfo?symbols=["${BTC}","${BTC}"]`, -1151, 'Symbol is present multiple times in the list.'],
  [`ticker/24hr?symbol=${BTC}&symbols=["${BTC}"]`, -1128, 'Combination of optional parameters invalid.'],
])('%s is refused with %i', async (call, code, msg) => {
  expect(await ask(call)).toMatchObject({ status: 400, body: { code, msg } })
})

it('a limit above a thousand is a thousand', async () => {
  expect((await ask(`trades?symbol=${BTC}&limit=5000`)).status).toBe(200)
})
