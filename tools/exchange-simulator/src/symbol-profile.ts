import { seededRandom } from './seeded-random.ts'

/** What the synthetic market knows about a symbol. */
export interface SymbolProfile {
  readonly symbol: string
  /** Where the price begins, and what it is weakly drawn back to. */
  readonly referencePrice: number
  /** Tick size is 10^-priceDecimals, step size 10^-quantityDecimals. */
  readonly priceDecimals: number
  readonly quantityDecimals: number
  /** Dollars a unit of the quote asset is worth, so that order sizes are alike everywhere. */
  readonly quoteInDollars: number
}

const KNOWN: Readonly<Record<string, readonly [price: number, priceDecimals: number, quantityDecimals: number]>> = {
  BTCUSDT: [61_837.63, 2, 5],
  ETHUSDT: [2_683.8, 2, 4],
  BNBUSDT: [512.4, 1, 3],
  SOLUSDT: [154.37, 2, 3],
  XRPUSDT: [0.6121, 4, 0],
  DOGEUSDT: [0.10473, 5, 0],
  ADAUSDT: [0.3421, 4, 1],
  LTCUSDT: [59.87, 2, 3],
  TRXUSDT: [0.12843, 5, 1],
  ETHBTC: [0.04341, 5, 4],
}

/** Names for so many symbols: the well-known ones first, then made-up ones, `M00011USDT` and so on. */
export function symbolNames(count: number): readonly string[] {
  const known = Object.keys(KNOWN)
  return Array.from({ length: count }, (_, index) => known[index] ?? `M${`${index + 1}`.padStart(5, '0')}USDT`)
}

/**
 * The profile of a symbol: that of the exchange's well-known ones, and for any other one derived from its name alone,
 * with a price between a cent and some hundred dollars, of five to six digits.
 */
export function symbolProfile(symbol: string): SymbolProfile {
  const known = KNOWN[symbol]
  if (known !== undefined) {
    const [referencePrice, priceDecimals, quantityDecimals] = known
    const quoteInDollars = symbol.endsWith('BTC') ? 60_000 : 1
    return { symbol, referencePrice, priceDecimals, quantityDecimals, quoteInDollars }
  }
  const magnitude = seededRandom(0, symbol).uniform() * 4.5 - 2
  const priceDecimals = Math.max(1, 4 - Math.floor(magnitude))
  const referencePrice = Number((10 ** magnitude).toFixed(priceDecimals))
  return {
    symbol,
    referencePrice,
    priceDecimals,
    quantityDecimals: Math.max(0, Math.floor(magnitude) + 1),
    quoteInDollars: 1,
  }
}
