import { ExactSum } from '@tidemark/windowing'

/**
 * Sum of squared log returns r = ln(p_i / p_i-1) between consecutive prices; a pure number, not annualised. It takes in what jumps add;
 * the noise of ticks and of the spread makes it too large, the more prices the more.
 *
 * Source: Andersen, Bollerslev, Diebold, Labys, "Modeling and Forecasting Realized Volatility" (2003). State: a price grid.
 */
export function realizedVariance(prices: readonly number[]): number {
  const sum = new ExactSum()
  for (const r of logReturns(prices)) sum.add(r * r)
  return sum.value()
}

/** ln(p_i / p_i-1): the log of the ratio, not the difference of logs, which would round away small returns. */
export function logReturns(prices: readonly number[]): number[] {
  const returns: number[] = []
  for (let index = 1; index < prices.length; index++) {
    const [before, price] = [prices[index - 1] as number, prices[index] as number]
    returns.push(price === before ? 0 : Math.log(price / before))
  }
  return returns
}
