import { expect, test } from 'vitest'
import { TradeTally } from './trade-tally.ts'

test('a tally counts each id of the source once, and the ids missing in between', () => {
  const tally = new TradeTally({ BTCUSDT: { firstId: 10, lastId: 20 }, ETHUSDT: { firstId: 1, lastId: 3 } })
  for (const id of [9, 10, 11, 11, 10, 14, 21]) tally.add('BTCUSDT', id)
  tally.add('ETHUSDT', 2)
  tally.add('BNBUSDT', 12)
  expect(tally.count).toBe(4)
  expect(tally.gaps).toBe(2)
})

test('a tally of nothing has no gap', () => {
  expect(new TradeTally({ BTCUSDT: { firstId: 10, lastId: 20 } }).gaps).toBe(0)
})
