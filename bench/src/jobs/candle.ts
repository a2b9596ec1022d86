import { jsonCodec } from '@tidemark/streams'
import type { Aggregator } from '@tidemark/windowing'
import type { Trade } from '@tidemark/schemas'

/** From this quote quantity on a trade is a whale's. */
const WHALE_QUOTE = 100_000

/** The fields of a trade that a candle is made of. */
export const candleFields = [
  'trade_id',
  'price',
  'quantity',
  'trade_time_ms',
  'is_buyer_maker',
] as const satisfies readonly (keyof Trade)[]

export type CandleTrade = Pick<Trade, (typeof candleFields)[number]>

/** What a window keeps: the same fields and formulas as in the peer's Candle.java. */
interface CandleState {
  trades: number
  firstId: number
  lastId: number
  whales: number
  open: number
  high: number
  low: number
  close: number
  base: number
  quote: number
  buy: number
  sell: number
  realisedVariance: number
}

/** What leaves a window. Quantities of the base asset, `quote` of the quote asset; `buy` and `sell` by the aggressor's side. */
export interface Candle extends Readonly<CandleState> {
  readonly startMs: number
  readonly vwap: number
}

/** The reference job's fold: prices, volumes, volume-weighted price, realised variance (sum of squared log returns), whales. */
export const candles: Aggregator<CandleTrade, CandleState, Candle> = {
  init: () => ({
    trades: 0,
    firstId: 0,
    lastId: 0,
    whales: 0,
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    base: 0,
    quote: 0,
    buy: 0,
    sell: 0,
    realisedVariance: 0,
  }),
  add: (state, trade) => {
    const { price, quantity } = trade
    const quoteQuantity = price * quantity
    if (state.trades === 0) {
      state.firstId = trade.trade_id
      state.open = price
      state.high = price
      state.low = price
    } else {
      const logReturn = Math.log(price / state.close)
      state.realisedVariance += logReturn * logReturn
      if (price > state.high) state.high = price
      if (price < state.low) state.low = price
    }
    state.trades++
    state.lastId = trade.trade_id
    state.close = price
    state.base += quantity
    state.quote += quoteQuantity
    if (trade.is_buyer_maker) state.sell += quantity
    else state.buy += quantity
    if (quoteQuantity >= WHALE_QUOTE) state.whales++
    return state
  },
  result: (state, { window }) => ({ startMs: window.startMs, ...state, vwap: state.quote / state.base }),
}

export const candleCodec = jsonCodec<Candle>((json) =>
  typeof json === 'object' && json !== null && 'realisedVariance' in json ? undefined : 'not a candle',
)
