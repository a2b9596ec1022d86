import { describe, expect, it } from 'vitest'
import { REQUESTS_PER_FIVE_MINUTES, RequestBudget } from './request-budget.ts'

const MINUTE_MS = 60_000

/** A budget whose weight is used up at this time. */
function usedUp(nowMs: number): RequestBudget {
  const budget = new RequestBudget(100)
  budget.admit(100, nowMs)
  return budget
}

describe('the budget of an address', () => {
  it('adds up weights, and begins anew with each minute of the clock', () => {
    const budget = new RequestBudget(100)
    expect(budget.admit(40, MINUTE_MS + 59_000)).toEqual({ kind: 'admitted', usedWeight: 40 })
    expect(budget.admit(60, MINUTE_MS + 59_999)).toEqual({ kind: 'admitted', usedWeight: 100 })
    expect(budget.admit(1, 2 * MINUTE_MS)).toEqual({ kind: 'admitted', usedWeight: 1 })
  })

  it('refuses what would go over it, until the minute ends', () => {
    expect(usedUp(MINUTE_MS).admit(1, MINUTE_MS + 18_500)).toEqual({
      kind: 'limited',
      usedWeight: 100,
      retryAfterS: 42,
    })
  })

  it('bans who goes on after ten refusals, for two minutes, and then for twice as long', () => {
    const budget = usedUp(0)
    for (let refusal = 1; refusal <= 10; refusal += 1) expect(budget.admit(1, 0).kind).toBe('limited')
    expect(budget.admit(1, 0)).toEqual({ kind: 'banned', usedWeight: 100, retryAfterS: 120, untilMs: 120_000 })
    expect(budget.admit(1, 119_999)).toMatchObject({ kind: 'banned', retryAfterS: 1 })
    expect(budget.admit(100, 120_000).kind).toBe('admitted')
    for (let refusal = 1; refusal <= 10; refusal += 1) budget.admit(1, 120_000)
    expect(budget.admit(1, 120_000)).toMatchObject({ kind: 'banned', untilMs: 360_000 })
  })

  it('takes so many requests in five minutes, however light', () => {
    const budget = new RequestBudget(Infinity)
    for (let request = 0; request < REQUESTS_PER_FIVE_MINUTES; request += 1) budget.admit(1, 0)
    expect(budget.admit(1, 4 * MINUTE_MS).kind).toBe('limited')
    expect(budget.admit(1, 5 * MINUTE_MS).kind).toBe('admitted')
  })
})
