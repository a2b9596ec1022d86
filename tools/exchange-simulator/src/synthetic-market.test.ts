import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimalText, tradeFrame } from './simulated-trade.ts'
import type { SimulatedTrade } from './simulated-trade.ts'
import { SyntheticMarket } from './synthetic-market.ts'
import type { SyntheticMarketOptions } from './synthetic-market.ts'
import { symbolProfile } from './symbol-profile.ts'

const START_MS = 1_800_000_000_000
const defaults = { symbols: ['BTCUSDT', 'ETHUSDT', 'XYZUSDT'], seed: 7, startMs: START_MS, tradesPerSecond: 20 }

function makeTrades(seconds: number, options: Partial<SyntheticMarketOptions> = {}): SimulatedTrade[] {
  const settings = { ...defaults, ...options }
  const market = new SyntheticMarket(settings)
  const trades: SimulatedTrade[] = []
  while (market.timeMs < settings.startMs + seconds * 1000) trades.push(...market.next().trades)
  return trades
}

const ofSymbol = (trades: readonly SimulatedTrade[], symbol: string) =>
  trades.filter((trade) => trade.symbol === symbol)

/** Consecutive trades of the same ms and side: taker orders, or several of one side in a ms. */
function orders(trades: readonly SimulatedTrade[]): SimulatedTrade[][] {
  const runs: SimulatedTrade[][] = []
  for (const trade of trades) {
    const last = runs.at(-1)?.[0]
    if (last && last.tradeTimeMs === trade.tradeTimeMs && last.isBuyerMaker === trade.isBuyerMaker)
      runs.at(-1)?.push(trade)
    else runs.push([trade])
  }
  return runs
}

const notional = (trades: readonly SimulatedTrade[]) =>
  trades.reduce((sum, { price, quantity }) => sum + Number(price) * Number(quantity), 0)

describe('the synthetic market', () => {
  it('makes the same trades from the same seed, and others from another', () => {
    expect(makeTrades(60)).toEqual(makeTrades(60))
    expect(makeTrades(60, { seed: 8 }).map(({ price }) => price)).not.toEqual(makeTrades(60).map(({ price }) => price))
  })

  it('makes a symbol the same beside whatever others', () => {
    expect(ofSymbol(makeTrades(60, { symbols: ['ETHUSDT'] }), 'ETHUSDT')).toEqual(ofSymbol(makeTrades(60), 'ETHUSDT'))
  })

  it('makes the same trades for another start, moved in time and ids', () => {
    const byMs = 86_400_123
    const moved = makeTrades(60, { startMs: START_MS + byMs }).map((trade) => ({
      ...trade,
      tradeId: trade.tradeId - byMs * 1000,
      tradeTimeMs: trade.tradeTimeMs - byMs,
      eventTimeMs: trade.eventTimeMs - byMs,
    }))
    expect(moved).toEqual(makeTrades(60))
  })

  it('has contiguous ids, times that never go back, and prices and quantities that a double gives back', () => {
    const seeds = fc.integer()
    const symbols = fc.constantFrom(['BTCUSDT', 'DOGEUSDT', 'ETHBTC'], ['ABCUSDT', 'QQQBTC', '币USDT'])
    fc.assert(
      fc.property(seeds, symbols, fc.constantFrom(5, 20, 300), (seed, named, tradesPerSecond) => {
        const trades = makeTrades(30, { seed, symbols: named, tradesPerSecond })
        for (const symbol of named) {
          const own = ofSymbol(trades, symbol)
          expect(own.map(({ tradeId }) => tradeId)).toEqual(own.map((_, index) => START_MS * 1000 + 1 + index))
        }
        expect(
          trades.find((trade, index) => trade.tradeTimeMs < (trades[index - 1]?.tradeTimeMs ?? START_MS)),
        ).toBeUndefined()
        expect(trades.find((trade) => ![0, 1].includes(trade.eventTimeMs - trade.tradeTimeMs))).toBeUndefined()
        const onGrid = (text: string, decimals: number) =>
          /^\d+\.\d{8}$/.test(text) && /^0*$/.test(text.slice(text.indexOf('.') + 1 + decimals))
        const isLossless = (text: string) => Number(text) > 0 && Number(text).toFixed(8) === text
        const bad = trades.find(({ symbol, price, quantity }) => {
          const { priceDecimals, quantityDecimals } = symbolProfile(symbol)
          const fine = onGrid(price, priceDecimals) && onGrid(quantity, quantityDecimals)
          return !fine || !isLossless(price) || !isLossless(quantity)
        })
        expect(bad).toBeUndefined()
      }),
      { numRuns: 30 },
    )
  })

  it('keeps the mean rate, with bursts far above it and many trades that share a ms', () => {
    const trades = ofSymbol(makeTrades(7200, { symbols: ['BTCUSDT'] }), 'BTCUSDT')
    expect(trades.length / 7200).toBeGreaterThan(17)
    expect(trades.length / 7200).toBeLessThan(23)
    const perSecond = Map.groupBy(trades, ({ tradeTimeMs }) => Math.floor(tradeTimeMs / 1000))
    expect(Math.max(...[...perSecond.values()].map((second) => second.length))).toBeGreaterThan(120)
    const sharing = trades.filter((trade, index) => trade.tradeTimeMs === trades[index - 1]?.tradeTimeMs)
    expect(sharing.length / trades.length).toBeGreaterThan(0.4)
  })

  it('has whales of many fills, and orders of both sides', () => {
    const runs = orders(ofSymbol(makeTrades(1800, { symbols: ['BTCUSDT'] }), 'BTCUSDT'))
    const whales = runs.filter((run) => notional(run) >= 100_000)
    expect(whales.length).toBeGreaterThan(3)
    expect(whales.length).toBeLessThan(60)
    expect(whales.every((run) => run.length >= 15)).toBe(true)
    expect(new Set(runs.map((run) => run[0]?.isBuyerMaker)).size).toBe(2)
  })

  it('jumps now and then, and stays within sight of its reference', () => {
    const prices = ofSymbol(makeTrades(7200, { symbols: ['BTCUSDT'] }), 'BTCUSDT').map(({ price }) => Number(price))
    const jumps = prices.filter((price, index) => Math.abs(Math.log(price / (prices[index - 1] ?? price))) > 0.0025)
    expect(jumps.length).toBeGreaterThan(1)
    expect(jumps.length).toBeLessThan(60)
    const { referencePrice } = symbolProfile('BTCUSDT')
    expect(prices.find((price) => price < referencePrice / 2 || price > referencePrice * 2)).toBeUndefined()
  })

  it('writes frames as the exchange does', () => {
    const trade: SimulatedTrade = {
      symbol: 'BTCUSDT',
      tradeId: 3735683259,
      price: '61837.63000000',
      quantity: '0.02000000',
      tradeTimeMs: 1723161255342,
      eventTimeMs: 1723161255343,
      isBuyerMaker: true,
    }
    expect(tradeFrame(trade).bytes.toString()).toBe(
      '{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,' +
        '"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}',
    )
  })
})

describe('a decimal of units', () => {
  it('is exact, with eight digits', () => {
    expect(decimalText(6183763, 2)).toBe('61837.63000000')
    expect(decimalText(1, 5)).toBe('0.00001000')
    expect(decimalText(7, 0)).toBe('7.00000000')
    expect(decimalText(123456789, 8)).toBe('1.23456789')
  })
})
