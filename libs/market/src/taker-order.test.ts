import { expect, test } from 'vitest'
import { TakerOrder, type Fill } from './taker-order.ts'

const fill = (trade_id: number, more: Partial<Fill> = {}): Fill => ({
  ...{ trade_id, trade_time_ms: 5, price: 100, quantity: 0.1, quote: 10, isBuy: true },
  ...more,
})

function orderOf(fills: readonly [Fill, ...Fill[]]): TakerOrder {
  const order = new TakerOrder(fills[0])
  for (const one of fills) order.add(one)
  return order
}

test('an order takes the next id of its time and side, and nothing else', () => {
  const order = orderOf([fill(7), fill(8)])
  const others = [fill(8), fill(10), fill(9, { trade_time_ms: 6 }), fill(9, { isBuy: false })]
  expect(order.takes(fill(9))).toBe(true)
  expect(others.filter((other) => order.takes(other))).toEqual([])
})

test('an order adds its fills exactly, however many, and knows its first and last', () => {
  const order = orderOf([fill(1, { price: 101 }), ...Array.from({ length: 9 }, (_, index) => fill(index + 2))])
  const { firstId, lastId, fillCount, priceFrom, priceTo } = order
  expect({ firstId, lastId, fillCount, priceFrom, priceTo }).toEqual({
    ...{ firstId: 1, lastId: 10, fillCount: 10, priceFrom: 101, priceTo: 100 },
  })
  expect([order.base.value(), order.quote.value()]).toEqual([1, 100])
})

test('an order that went through JSON takes and adds as before', () => {
  const order = TakerOrder.restore(JSON.parse(JSON.stringify(orderOf([fill(1), fill(2), fill(3)]).snapshot())))
  expect([order.takes(fill(4)), order.takes(fill(3))]).toEqual([true, false])
  order.add(fill(4))
  expect(order.snapshot()).toEqual(orderOf([fill(1), fill(2), fill(3), fill(4)]).snapshot())
})
