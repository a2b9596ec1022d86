import { expect, test } from 'vitest'
import { outcomeOf, outcomeTable, sideOf } from './outcome.ts'

const tidemark = sideOf('tidemark', 1_000, { wall_s: 1, cpu_s: 2, rss_mb: 100 })
const frugal = sideOf('frugal', 1_000, { wall_s: 5, cpu_s: 4, rss_mb: 500 })
const fast = sideOf('fast', 1_000, { wall_s: 3, cpu_s: 8, rss_mb: 900 })

test('each ratio is against the configuration of the peer that is best in it', () => {
  const outcome = outcomeOf('engine', 1_000, { tidemark, tried: [fast, frugal] })
  expect(outcome.ratio_cpu).toBe(500 / 250)
  expect(outcome.ratio_wall).toBeCloseTo(1_000 / 333)
  expect(outcome.peer?.name).toBe('frugal')
})

test('the table has a row for each side and configuration', () => {
  const text = outcomeTable(outcomeOf('engine', 1_000, { tidemark, tried: [fast, frugal] }))
  for (const name of ['tidemark', 'frugal', 'fast']) expect(text).toContain(name)
  expect(text).toContain('ratio_cpu 2.00, ratio_wall 3.00')
})

test('the second peer has ratios and a row of its own, and does not count as the peer', () => {
  const second = sideOf('slow', 1_000, { wall_s: 10, cpu_s: 20, rss_mb: 100 })
  const outcome = outcomeOf('engine', 1_000, { tidemark, tried: [frugal], second })
  expect(outcome.peer?.name).toBe('frugal')
  expect(outcome.second_peer).toMatchObject({ name: 'slow', ratio_cpu: 10, ratio_wall: 10 })
  expect(outcomeTable(outcome)).toContain('ratio_cpu 10.00, ratio_wall 10.00 (against slow)')
})
