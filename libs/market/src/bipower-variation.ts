import { ExactSum } from '@tidemark/windowing'
import { logReturns } from './realized-variance.ts'

/**
 * (pi / 2) x sum of abs(r_i) x abs(r_i-1) over log returns: the variance that is left without jumps, since a jump is one large return
 * among small ones; a pure number, not annualised. Prices that stand still pull it down: a zero return wipes out two products.
 *
 * Source: Barndorff-Nielsen and Shephard, "Power and Bipower Variation with Stochastic Volatility and Jumps" (2004). State: a price grid.
 */
export function bipowerVariation(prices: readonly number[]): number {
  const returns = logReturns(prices)
  const sum = new ExactSum()
  for (let index = 1; index < returns.length; index++) {
    sum.add(Math.abs(returns[index] as number) * Math.abs(returns[index - 1] as number))
  }
  return (Math.PI / 2) * sum.value()
}
