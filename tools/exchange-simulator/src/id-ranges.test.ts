import fc from 'fast-check'
import { expect, it } from 'vitest'
import { IdRanges } from './id-ranges.ts'

it('counts as a set does, in whatever order ids come', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (ids) => {
      const ranges = new IdRanges()
      for (const id of ids) ranges.add(id)
      expect(ranges.count).toBe(new Set(ids).size)
      expect(ranges.first).toBe(Math.min(...ids))
      expect(ranges.last).toBe(Math.max(...ids))
    }),
    { numRuns: 500 },
  )
})

it('has neither a first nor a last id while empty', () => {
  expect(new IdRanges()).toMatchObject({ count: 0, first: null, last: null })
})
