import { expect, test } from 'vitest'
import { seededRandom, shuffledTurns } from './seeded-random.ts'

test('every victim has its turns, in an order that is the same for the same seed and not for others', () => {
  const orders = [1, 1, 2, 3, 4].map((seed) => shuffledTurns(3, 3, seededRandom(seed)))
  for (const order of orders) expect(order.toSorted()).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2])
  expect(orders[1]).toEqual(orders[0])
  expect(new Set(orders.map(String)).size).toBe(4)
})
