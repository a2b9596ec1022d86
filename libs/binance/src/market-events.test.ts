import { describe, expect, it } from 'vitest'
import { parseFrame, type Frame } from './frame-parser.ts'
import { sampleAggTrade, sampleBookTicker, sampleKline, type SampleEvent } from './frame-fixture.ts'

const parse = (frame: unknown): Frame => parseFrame(JSON.stringify(frame), { binary: false, receivedAtMs: 0 })
const combined = ({ stream, payload }: SampleEvent, changed: object = {}): Frame =>
  parse({ stream, data: { ...payload, ...changed } })
const candle = (changed: object): Frame =>
  combined(sampleKline, { k: { ...(sampleKline.payload['k'] as object), ...changed } })

describe('an aggregate trade', () => {
  const data = {
    symbol: 'BTCUSDT',
    eventTimeMs: 1_723_161_255_343,
    aggTradeId: 3_086_222_341,
    price: 61837.63,
    quantity: 0.17,
    firstTradeId: 3_735_683_259,
    lastTradeId: 3_735_683_262,
    tradeTimeMs: 1_723_161_255_342,
    isBuyerMaker: false,
  }

  it('is read from a combined and from a raw frame', () => {
    expect(combined(sampleAggTrade)).toEqual({
      kind: 'other-event',
      event: 'aggTrade',
      stream: 'btcusdt@aggTrade',
      data,
    })
    expect(parse(sampleAggTrade.payload)).toEqual({ kind: 'other-event', event: 'aggTrade', data })
  })

  it('has the same times where they come in microseconds', () => {
    const micro = { E: 1_723_161_255_343_999, T: 1_723_161_255_342_001 }
    expect(combined(sampleAggTrade, micro)).toMatchObject({ data })
  })

  it.each([
    ['missing-field', { l: undefined }],
    ['wrong-type', { a: '7' }],
    ['not-positive', { p: '0.00000000' }],
    ['lossy-decimal', { q: '0.12345678901234567' }],
    ['wrong-type', { m: 1 }],
    ['wrong-type', { s: '' }],
  ])('is rejected as %s, and the message says what it would have been: %j', (code, changed) => {
    expect(combined(sampleAggTrade, changed)).toMatchObject({
      kind: 'rejected',
      code,
      message: expect.stringMatching(/^aggTrade: field /),
    })
  })
})

describe('a candle', () => {
  it('has numbers for prices, and the text that was sent for sums that no double holds', () => {
    expect(combined(sampleKline)).toEqual({
      kind: 'other-event',
      event: 'kline',
      stream: 'btcusdt@kline_1m',
      data: {
        symbol: 'BTCUSDT',
        interval: '1m',
        eventTimeMs: 1_723_161_255_343,
        openTimeMs: 1_723_161_240_000,
        closeTimeMs: 1_723_161_299_999,
        open: 61830,
        high: 61840.01,
        low: 61829.99,
        close: 61837.63,
        baseVolume: '12.34567000',
        quoteVolume: '1234567890123456789.12345678',
        tradeCount: 160,
        takerBuyBaseVolume: '6.00000000',
        takerBuyQuoteVolume: '371000.12345678',
        firstTradeId: 3_735_683_100,
        lastTradeId: 3_735_683_259,
        isClosed: false,
      },
    })
  })

  it('without trades has no first and no last id', () => {
    expect(candle({ f: -1, L: -1, n: 0, v: '0', q: '0' })).toMatchObject({
      data: { firstTradeId: null, lastTradeId: null, tradeCount: 0, baseVolume: '0' },
    })
  })

  it('of a minute is not one of a month: intervals are case-sensitive', () => {
    expect(candle({ i: '1M' })).toMatchObject({ data: { interval: '1M' } })
    expect(candle({ i: '1H' })).toMatchObject({
      code: 'wrong-type',
      message: 'kline k: field i is "1H", not an interval',
    })
  })

  it('of another midnight is told by the name of its stream', () => {
    expect(parse({ stream: 'btcusdt@kline_1d@+08:00', data: sampleKline.payload })).toMatchObject({
      event: 'kline',
      stream: 'btcusdt@kline_1d@+08:00',
    })
  })

  it.each([
    ['missing-field', 'kline k is missing', { k: undefined }],
    ['wrong-type', 'kline k is an array, not an object', { k: [] }],
    ['missing-field', 'kline: field E is missing', { E: undefined }],
  ])('is rejected as %s: %s', (code, message, changed) => {
    expect(combined(sampleKline, changed)).toMatchObject({ kind: 'rejected', code, message })
  })

  it.each([
    ['bad-decimal', { v: '1e5' }],
    ['not-positive', { o: '-1' }],
    ['bad-decimal', { q: '-1' }],
    ['wrong-type', { f: -2 }],
    ['missing-field', { x: undefined }],
  ])('is rejected as %s for %j', (code, changed) => {
    expect(candle(changed)).toMatchObject({ kind: 'rejected', code })
  })
})

describe('the best bid and ask', () => {
  it('are told by their shape, as they have no name; an empty side is zero', () => {
    expect(combined(sampleBookTicker)).toEqual({
      kind: 'other-event',
      event: 'bookTicker',
      stream: 'btcusdt@bookTicker',
      data: {
        symbol: 'BTCUSDT',
        updateId: 400_900_217,
        bidPrice: 61837.62,
        bidQuantity: 3.1,
        askPrice: 61837.63,
        askQuantity: 0,
      },
    })
  })

  it('are rejected where a price is none', () => {
    expect(combined(sampleBookTicker, { b: 'n/a' })).toMatchObject({ kind: 'rejected', code: 'bad-decimal' })
  })
})
