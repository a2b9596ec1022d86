import { parseWhaleFloors } from '@tidemark/market'
import { expect, test } from 'vitest'
import { whaleFloor } from './whale-floor.ts'

test('a symbol whose quote is no dollar has no floor, and that is said once', () => {
  const floors = parseWhaleFloors('*=100000')
  if (!floors.ok) throw new Error(floors.issues.join())
  const warnings: string[] = []
  const floorOf = whaleFloor(floors.value, (message) => warnings.push(message))
  expect([floorOf('BTCUSDT'), floorOf('ETHBTC'), floorOf('ETHBTC')]).toEqual([100_000, undefined, undefined])
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain('ETHBTC')
})
