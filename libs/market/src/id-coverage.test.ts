import { describe, expect, test } from 'vitest'
import { Candle } from './candle.ts'
import { IdCoverage } from './id-coverage.ts'

/** A window that has these ids in sequence, behind `before`, with holes told as they come, then the late ones. */
function windowOf(
  ids: readonly number[],
  { before = null as number | null, hole = [0, 0], late = [] as number[] } = {},
) {
  const [candle, coverage] = [new Candle(), new IdCoverage()]
  let previous = before
  for (const id of ids) {
    if (previous !== null && id > previous + 1) coverage.addHole({ first: previous + 1, last: id - 1 })
    coverage.add(id, previous)
    candle.add(id, 1)
    previous = id
  }
  if (hole[0] !== 0) coverage.addHole({ first: hole[0] as number, last: hole[1] as number })
  for (const id of late) if (coverage.addLate(id)) candle.add(id, 1)
  return { candle, coverage, missing: coverage.missing(candle), complete: coverage.isComplete(candle) }
}

describe('a window is complete', () => {
  test('where its ids go on from the trade before it, without a hole', () => {
    expect(windowOf([5, 6, 7], { before: 4 })).toMatchObject({ missing: 0, complete: true })
  })

  test('but not where nothing was before it', () => {
    expect(windowOf([5, 6, 7])).toMatchObject({ missing: 0, complete: false })
  })

  test('nor where ids are missing in it, which are counted', () => {
    expect(windowOf([5, 9], { before: 4 })).toMatchObject({ missing: 3, complete: false })
  })

  test('nor where a hole lies before or behind it, which it does not count', () => {
    expect(windowOf([7, 8], { before: 4 })).toMatchObject({ missing: 0, complete: false })
    expect(windowOf([5, 6], { before: 4, hole: [7, 9] })).toMatchObject({ missing: 0, complete: false })
  })

  test('again where what was missing came late', () => {
    expect(windowOf([5, 7], { before: 4, late: [6] })).toMatchObject({ missing: 0, complete: true })
    expect(windowOf([7, 8], { before: 4, late: [6, 5, 6] })).toMatchObject({ missing: 0, complete: true })
    expect(windowOf([5], { before: 4, hole: [6, 7], late: [6] })).toMatchObject({ missing: 0, complete: false })
  })
})

test('two parts of a window, merged either way, are as the whole', () => {
  for (const [left, right] of [
    [windowOf([5, 6], { before: 4 }), windowOf([7, 9], { before: 6, hole: [10, 11], late: [8] })],
    [windowOf([7, 9], { before: 6, hole: [10, 11], late: [8] }), windowOf([5, 6], { before: 4 })],
  ] as const) {
    left.candle.merge(right.candle)
    left.coverage.merge(right.coverage)
    expect(left.coverage.missing(left.candle)).toBe(0)
    expect(left.coverage.isComplete(left.candle)).toBe(false)
    const restored = IdCoverage.restore(JSON.parse(JSON.stringify(left.coverage.snapshot())))
    for (const id of [10, 11]) if (restored.addLate(id)) left.candle.add(id, 1)
    expect(restored.addLate(8)).toBe(false)
    expect(restored.isComplete(left.candle)).toBe(true)
  }
})
