import type { Trade } from '@tidemark/schemas'

type NaiveMetrics = Record<string, number | null>

interface Order {
  ids: number[]
  quote: number
  isBuy: boolean
}

const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0)
const quoteOf = ({ price, quantity }: Trade) => price * quantity

/**
 * The metrics of one window by their definitions, from all its trades at once: sort, loop, add. Slow, in plain sums, and written
 * apart from the code under test.
 */
export function naiveMetrics(
  trades: Trade[],
  window: { startMs: number; sizeMs: number },
  floor: number,
): NaiveMetrics {
  const { startMs, sizeMs } = window
  const sorted = [...new Map(trades.map((trade) => [trade.trade_id, trade])).values()].sort(
    (a, b) => a.trade_id - b.trade_id,
  )
  const first = sorted[0] as Trade
  const last = sorted.at(-1) as Trade
  const buys = sorted.filter(({ is_buyer_maker }) => !is_buyer_maker)
  const sells = sorted.filter(({ is_buyer_maker }) => is_buyer_maker)
  const [baseOf, prices] = [({ quantity }: Trade) => quantity, sorted.map(({ price }) => price)]
  const base = sum(sorted.map(baseOf))
  const quote = sum(sorted.map(quoteOf))
  const [buyQuote, sellQuote] = [sum(buys.map(quoteOf)), sum(sells.map(quoteOf))]
  const returns = naiveReturns(sorted, startMs, sizeMs)
  const variance = sum(returns.map((r) => r ** 2))
  const [high, low] = [Math.max(...prices), Math.min(...prices)]
  const annualised = (each: number) => Math.sqrt((each * 365 * 24 * 3600 * 1000) / sizeMs)
  const whales = naiveOrders(sorted).filter((order) => order.quote >= floor)
  return {
    trade_count: sorted.length,
    first_trade_id: first.trade_id,
    last_trade_id: last.trade_id,
    missing_trades: last.trade_id - first.trade_id + 1 - sorted.length,
    open: first.price,
    high,
    low,
    close: last.price,
    base_volume: base,
    quote_volume: quote,
    vwap: quote / base,
    buy_base_volume: sum(buys.map(baseOf)),
    sell_base_volume: sum(sells.map(baseOf)),
    buy_quote_volume: buyQuote,
    sell_quote_volume: sellQuote,
    buy_sell_ratio: sells.length === 0 ? null : sum(buys.map(baseOf)) / sum(sells.map(baseOf)),
    order_flow_imbalance: (buyQuote - sellQuote) / (buyQuote + sellQuote),
    realized_variance: variance,
    realized_volatility: annualised(variance),
    bipower_variation:
      (Math.PI / 2) * sum(returns.slice(1).map((r, index) => Math.abs(r * (returns[index] as number)))),
    parkinson_volatility: annualised(Math.log(high / low) ** 2 / Math.log(16)),
    garman_klass_volatility: annualised(
      Math.max(0, Math.log(high / low) ** 2 / 2 - (Math.log(4) - 1) * Math.log(last.price / first.price) ** 2),
    ),
    max_trade_quote: Math.max(...sorted.map(quoteOf)),
    whale_order_count: whales.length,
    whale_quote_volume: sum(whales.map((order) => order.quote)),
    whale_buy_quote_volume: sum(whales.filter(({ isBuy }) => isBuy).map((order) => order.quote)),
  }
}

function naiveReturns(sorted: Trade[], startMs: number, sizeMs: number): number[] {
  const grid: number[] = []
  let price: number | undefined
  for (let slot = 0; slot < 60; slot++) {
    const inSlot = sorted.filter((trade) => Math.floor(((trade.trade_time_ms - startMs) * 60) / sizeMs) === slot)
    price = inSlot.at(-1)?.price ?? price
    if (price !== undefined) grid.push(price)
  }
  return grid.slice(1).map((each, index) => Math.log(each / (grid[index] as number)))
}

function naiveOrders(sorted: Trade[]): Order[] {
  const orders: Order[] = []
  let before: Trade | undefined
  for (const trade of sorted) {
    const belongs =
      before !== undefined &&
      trade.trade_id === before.trade_id + 1 &&
      trade.trade_time_ms === before.trade_time_ms &&
      trade.is_buyer_maker === before.is_buyer_maker
    if (!belongs) orders.push({ ids: [], quote: 0, isBuy: !trade.is_buyer_maker })
    const order = orders.at(-1) as Order
    order.ids.push(trade.trade_id)
    order.quote += quoteOf(trade)
    before = trade
  }
  return orders
}
