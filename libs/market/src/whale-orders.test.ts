import { expect, test } from 'vitest'
import type { Fill } from './taker-order.ts'
import { WhaleOrders } from './whale-orders.ts'

/** A fill at a price of 100: its quote quantity is a hundred times its quantity. */
const fill = (trade_id: number, quantity: number, more: Partial<Fill> = {}): Fill => ({
  ...{ trade_id, trade_time_ms: 5, price: 100, quantity, quote: 100 * quantity, isBuy: true },
  ...more,
})
const ordersOf = (floor: number | undefined, quantile?: number) => new WhaleOrders('BTCUSDT', { floor, quantile })

test('the fill with which an order reaches the floor brings all of it so far, those behind it only themselves', () => {
  const orders = ordersOf(1_000)
  const shares = [fill(1, 6), fill(2, 4), fill(3, 1)].map((one) => orders.add(one))
  expect(shares.map((share) => share.orders)).toEqual([0, 1, 0])
  expect(shares.map(({ quotes }) => quotes.reduce((sum, quote) => sum + quote, 0))).toEqual([0, 1_000, 100])
})

test('an order of just the floor is a whale, one of a cent less is none', () => {
  const [reached, missed] = [10, 9.9999].map((quantity) => {
    const orders = ordersOf(1_000)
    orders.add(fill(1, quantity))
    return orders.take(Infinity).length
  })
  expect([reached, missed]).toEqual([1, 0])
})

test('an order is told once, when the watermark has passed its time, with all its fills', () => {
  const orders = ordersOf(1_000)
  for (const one of [fill(1, 10), fill(2, 2, { price: 110, quote: 220 })]) orders.add(one)
  expect(orders.dueMs).toBe(6)
  expect(orders.take(5)).toEqual([])
  expect(orders.take(6)).toEqual([
    {
      ...{ symbol: 'BTCUSDT', side: 'buy', first_trade_id: 1, last_trade_id: 2, fill_count: 2, trade_time_ms: 5 },
      ...{ vwap: 1_220 / 12, base_quantity: 12, quote_quantity: 1_220, price_from: 100, price_to: 110 },
      ...{ threshold_quote: 1_000, rule: 'floor' },
    },
  ])
  expect([orders.dueMs, orders.take(Infinity)]).toEqual([undefined, []])
})

test('behind 10,000 orders the quantile of those before is asked for, where it is above the floor', () => {
  const orders = ordersOf(100, 0.5)
  // Each at a time of its own: 4,000 of 200 and 6,000 of 900, of which the middle one is 900.
  for (let id = 1; id <= 10_000; id++) {
    expect(orders.add(fill(id, id <= 4_000 ? 2 : 9, { trade_time_ms: id })).orders).toBe(1)
  }
  orders.take(Infinity)
  const [below, above] = [8, 10].map(
    (quantity, index) => orders.add(fill(10_001 + index, quantity, { trade_time_ms: 20_000 + index })).orders,
  )
  expect([below, above]).toEqual([0, 1])
  const [whale] = orders.take(Infinity)
  expect(whale?.rule).toBe('quantile')
  expect(Math.abs((whale?.threshold_quote as number) / 900 - 1)).toBeLessThanOrEqual(0.01)
})

test('without a floor no order is judged', () => {
  const orders = ordersOf(undefined)
  expect(orders.add(fill(1, 1e9)).orders).toBe(0)
  expect(orders.take(Infinity)).toEqual([])
})

test('what goes on from a snapshot in the middle of a whale order goes on with that order', () => {
  const [before, after] = [ordersOf(1_000), ordersOf(1_000)]
  before.add(fill(1, 12))
  after.restore(JSON.parse(JSON.stringify(before.snapshot())))
  expect(after.add(fill(2, 3))).toEqual({ orders: 0, quotes: [300], isBuy: true })
  expect(after.take(Infinity)).toMatchObject([{ first_trade_id: 1, last_trade_id: 2, quote_quantity: 1_500 }])
})
