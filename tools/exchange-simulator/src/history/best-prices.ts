import { symbolProfile } from '../symbol-profile.ts'
import type { HistoryTrade } from './candle.ts'

/** Best bid and ask. */
export interface BestPrices {
  readonly bid: bigint
  readonly ask: bigint
  readonly quantity: bigint
}

/** There is no order book: the last trade took one side, and the other is a tick away, each with the trade's quantity. */
export function bestPrices(symbol: string, { price, quantity, isBuyerMaker }: HistoryTrade): BestPrices {
  const tick = 10n ** BigInt(8 - symbolProfile(symbol).priceDecimals)
  return isBuyerMaker ? { bid: price, ask: price + tick, quantity } : { bid: price - tick, ask: price, quantity }
}
