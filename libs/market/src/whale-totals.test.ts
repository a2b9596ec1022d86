import { expect, test } from 'vitest'
import { WhaleTotals } from './whale-totals.ts'
import type { WhaleShare } from './whale-orders.ts'

/** An order that became a whale's with fills of 60 and 45, and then got one of 5; and a sale of 200. */
const shares: readonly WhaleShare[] = [
  { orders: 0, quotes: [], isBuy: true },
  { orders: 1, quotes: [60, 45], isBuy: true },
  { orders: 0, quotes: [5], isBuy: true },
  { orders: 1, quotes: [200], isBuy: false },
]

function totalsOf(some: readonly WhaleShare[]): WhaleTotals {
  const totals = new WhaleTotals()
  for (const share of some) totals.add(share)
  return totals
}

test('an order counts once, its volume with all fills, and what was bought also by itself', () => {
  expect(totalsOf(shares).totals()).toEqual({
    whale_order_count: 2,
    whale_quote_volume: 310,
    whale_buy_quote_volume: 110,
  })
  expect(totalsOf([]).totals()).toEqual({ whale_order_count: 0, whale_quote_volume: 0, whale_buy_quote_volume: 0 })
})

test('volumes are exact, in any order', () => {
  const tenths = Array.from({ length: 10 }, (): WhaleShare => ({ orders: 1, quotes: [0.1], isBuy: true }))
  const large: WhaleShare = { orders: 1, quotes: [1e16, -1e16], isBuy: true }
  for (const some of [
    [...tenths, large],
    [large, ...tenths],
  ]) {
    expect(totalsOf(some).totals().whale_quote_volume).toBe(1)
    expect(totalsOf(some).totals().whale_buy_quote_volume).toBe(1)
  }
})

test('the totals of two parts make those of the whole, also from a snapshot that went through JSON', () => {
  const whole = totalsOf(shares)
  for (let cut = 0; cut <= shares.length; cut++) {
    const left = WhaleTotals.restore(JSON.parse(JSON.stringify(totalsOf(shares.slice(0, cut)).snapshot())))
    left.merge(totalsOf(shares.slice(cut)))
    expect(left.totals()).toEqual(whole.totals())
  }
})
