/** One event as the exchange documents it, for tests. */
export interface SampleEvent {
  readonly event: string
  readonly stream: string
  readonly payload: Readonly<Record<string, unknown>>
}

const eventTimeMs = 1_723_161_255_343

export const sampleTrade: SampleEvent = {
  event: 'trade',
  stream: 'btcusdt@trade',
  payload: {
    e: 'trade',
    E: eventTimeMs,
    s: 'BTCUSDT',
    t: 3_735_683_259,
    p: '61837.63000000',
    q: '0.02000000',
    T: 1_723_161_255_342,
    m: true,
    M: true,
  },
}

export const sampleAggTrade: SampleEvent = {
  event: 'aggTrade',
  stream: 'btcusdt@aggTrade',
  payload: {
    e: 'aggTrade',
    E: eventTimeMs,
    s: 'BTCUSDT',
    a: 3_086_222_341,
    p: '61837.63000000',
    q: '0.17000000',
    f: 3_735_683_259,
    l: 3_735_683_262,
    T: 1_723_161_255_342,
    m: false,
    M: true,
  },
}

export const sampleKline: SampleEvent = {
  event: 'kline',
  stream: 'btcusdt@kline_1m',
  payload: {
    e: 'kline',
    E: eventTimeMs,
    s: 'BTCUSDT',
    k: {
      t: 1_723_161_240_000,
      T: 1_723_161_299_999,
      s: 'BTCUSDT',
      i: '1m',
      f: 3_735_683_100,
      L: 3_735_683_259,
      o: '61830.00000000',
      c: '61837.63000000',
      h: '61840.01000000',
      l: '61829.99000000',
      v: '12.34567000',
      n: 160,
      x: false,
      q: '1234567890123456789.12345678',
      V: '6.00000000',
      Q: '371000.12345678',
      B: '0',
    },
  },
}

export const sampleBookTicker: SampleEvent = {
  event: 'bookTicker',
  stream: 'btcusdt@bookTicker',
  payload: {
    u: 400_900_217,
    s: 'BTCUSDT',
    b: '61837.62000000',
    B: '3.10000000',
    a: '61837.63000000',
    A: '0.00000000',
  },
}

const depth = { bids: [['61837.62000000', '3.1']], asks: [['61837.63000000', '0.4']] }
const named = (event: string, stream: string): SampleEvent => ({
  event,
  stream,
  payload: { e: event, E: eventTimeMs, s: 'BTCUSDT' },
})

/** Every kind of event that the exchange documents. */
export const sampleEvents: readonly SampleEvent[] = [
  sampleTrade,
  { ...sampleTrade, payload: { ...sampleTrade.payload, b: 88, a: 50 } },
  sampleAggTrade,
  sampleKline,
  sampleBookTicker,
  { event: 'partialDepth', stream: 'btcusdt@depth5', payload: { lastUpdateId: 160, ...depth } },
  named('avgPrice', 'btcusdt@avgPrice'),
  named('blockTrade', 'btcusdt@blockTrade'),
  named('depthUpdate', 'btcusdt@depth'),
  named('referencePrice', 'btcusdt@referencePrice'),
  named('serverShutdown', '!serverShutdown'),
  named('24hrMiniTicker', 'btcusdt@miniTicker'),
  named('24hrTicker', 'btcusdt@ticker'),
  named('1hTicker', 'btcusdt@ticker_1h'),
  named('4hTicker', 'btcusdt@ticker_4h'),
  named('1dTicker', 'btcusdt@ticker_1d'),
]
