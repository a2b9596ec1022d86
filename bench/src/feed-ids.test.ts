import { describe, expect, it } from 'vitest'
import { FeedIds } from './feed-ids.ts'

const verdictOf = (ids: readonly number[]) => {
  const taken = new FeedIds()
  for (const id of ids) taken.take('A', id)
  return taken.verdict(new Map([['A', { first_id: 1, last_id: 5 }]]))
}

describe('ids of a feed', () => {
  it.each([
    ['all are there from the first one on', [2, 3, 4, 5], { taken: 4, doubled: 0, lost: 0 }],
    ['one is missing', [1, 2, 4, 5], { taken: 4, doubled: 0, lost: 1 }],
    ['the end is missing', [1, 2, 3], { taken: 3, doubled: 0, lost: 2 }],
    ['one came twice', [1, 2, 2, 3, 4, 5], { taken: 6, doubled: 1, lost: 0 }],
    ['none came', [], { taken: 0, doubled: 0, lost: 5 }],
  ])('say where %s', (_what, ids, verdict) => {
    expect(verdictOf(ids)).toEqual(verdict)
  })
})
