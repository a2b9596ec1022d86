import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  defaultRatePolicy,
  freshRateBudget,
  settleWeight,
  spendWeight,
  type RateAnswer,
  type RateBudget,
  type RatePolicy,
} from './rate-budget.ts'

// `npm run nightly` raises the runs; a failing seed is printed and replays with `seed`.
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

const policy: RatePolicy = { ...defaultRatePolicy, maxWeightPerMinute: 100 }
const at = (nowMs: number) => ({ nowMs, policy })

function spend(budget: RateBudget, weight: number, nowMs: number): RateBudget {
  const decision = spendWeight(budget, weight, at(nowMs))
  if (decision.kind === 'wait') throw new Error(`has to wait until ${decision.untilMs}: ${decision.reason}`)
  return decision.budget
}

describe('the weight that is spent', () => {
  it('is let go up to the limit, and not one more', () => {
    const budget = spend(spend(freshRateBudget, 80, 0), 20, 10)
    expect(spendWeight(budget, 1, at(20))).toEqual({ kind: 'wait', untilMs: 61_000, reason: 'spent' })
  })

  it('stops counting a minute later, when enough of it is that old', () => {
    const budget = spend(spend(freshRateBudget, 60, 0), 40, 30_000)
    expect(spendWeight(budget, 60, at(31_000))).toMatchObject({ kind: 'wait', untilMs: 61_000 })
    expect(spendWeight(budget, 61, at(31_000))).toMatchObject({ kind: 'wait', untilMs: 91_000 })
    expect(spendWeight(budget, 60, at(61_000)).kind).toBe('go')
  })

  it('of others at the same address counts as far as the exchange tells it', () => {
    const asked = spend(freshRateBudget, 10, 0)
    const told = settleWeight(asked, { weight: 10, usedWeight: 95 }, at(5))
    expect(spendWeight(told, 6, at(10))).toEqual({ kind: 'wait', untilMs: 60_005, reason: 'shared' })
    expect(spendWeight(told, 5, at(10)).kind).toBe('go')
    expect(spendWeight(told, 6, at(60_005)).kind).toBe('go')
  })

  it('is a bug where it can never fit', () => {
    expect(() => spendWeight(freshRateBudget, 101, at(0))).toThrow('maxWeightPerMinute, 100')
  })
})

describe('a refusal', () => {
  const refused = (reason: 'limited' | 'banned', retryAfterMs?: number): RateAnswer => ({
    weight: 1,
    refusal: { reason, retryAfterMs },
  })

  it.each(['limited', 'banned'] as const)('(%s) is honoured for as long as the exchange says', (reason) => {
    const budget = settleWeight(freshRateBudget, refused(reason, 7_000), at(1_000))
    expect(spendWeight(budget, 1, at(7_999))).toEqual({ kind: 'wait', untilMs: 8_000, reason })
    expect(spendWeight(budget, 1, at(8_000)).kind).toBe('go')
  })

  it('without a time is honoured for a while that doubles with each in a row, up to a limit', () => {
    let budget = freshRateBudget
    let nowMs = 0
    const waits: number[] = []
    for (let count = 0; count < 8; count++) {
      budget = settleWeight(budget, refused('limited'), at(nowMs))
      waits.push((budget.blocked.untilMs - nowMs) / 60_000)
      nowMs = budget.blocked.untilMs
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    const calm = settleWeight(budget, { weight: 1, usedWeight: 1 }, at(nowMs))
    expect(settleWeight(calm, refused('banned'), at(nowMs)).blocked.untilMs - nowMs).toBe(120_000)
  })

  it('of several requests at once counts as one, and a shorter one shortens nothing', () => {
    const first = settleWeight(freshRateBudget, refused('banned', 100_000), at(0))
    const second = settleWeight(first, refused('limited', 1_000), at(10))
    expect(second.blocked).toEqual({ untilMs: 100_000, reason: 'banned' })
    expect(second.refusals).toBe(1)
  })
})

describe('whatever is asked and answered', () => {
  const step = fc.record({
    waitMs: fc.nat({ max: 40_000 }),
    weight: fc.integer({ min: 1, max: 80 }),
    answer: fc.option(
      fc.record({
        usedWeight: fc.option(fc.nat({ max: 150 }), { nil: undefined }),
        refusal: fc.option(
          fc.record({
            reason: fc.constantFrom('limited' as const, 'banned' as const),
            retryAfterMs: fc.option(fc.nat({ max: 200_000 }), { nil: undefined }),
          }),
          { nil: undefined },
        ),
      }),
      { nil: undefined },
    ),
  })

  it('never lets more go in any 60 s than the limit, nor anything during a block, nor anything over what was reported', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let budget = freshRateBudget
        let nowMs = 0
        const sent: { readonly atMs: number; readonly weight: number }[] = []
        let blockedUntilMs = 0
        for (const { waitMs, weight, answer } of steps) {
          nowMs += waitMs
          const before = budget
          const decision = spendWeight(budget, weight, at(nowMs))
          if (decision.kind === 'wait') {
            expect(decision.untilMs).toBeGreaterThan(nowMs)
            continue
          }
          budget = decision.budget
          sent.push({ atMs: nowMs, weight })
          expect(nowMs).toBeGreaterThanOrEqual(blockedUntilMs)
          if (nowMs < before.reported.untilMs) expect(before.reported.weight + weight).toBeLessThanOrEqual(100)
          const lastMinute = sent.filter(({ atMs }) => atMs > nowMs - 60_000)
          expect(lastMinute.reduce((sum, each) => sum + each.weight, 0)).toBeLessThanOrEqual(100)
          expect(budget.spent.length).toBeLessThanOrEqual(62)
          if (answer === undefined) continue
          budget = settleWeight(budget, { weight, ...answer }, at(nowMs))
          const retryAfterMs = answer.refusal?.retryAfterMs ?? (answer.refusal === undefined ? 0 : 1)
          blockedUntilMs = Math.max(blockedUntilMs, nowMs + retryAfterMs)
        }
      }),
      { numRuns },
    )
  })

  it('lets every request go in the end: who waits as told is let go after a few waits', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 100 }), (steps, weight) => {
        let budget = freshRateBudget
        let nowMs = 0
        for (const { waitMs, weight: spending, answer } of steps) {
          nowMs += waitMs
          const decision = spendWeight(budget, spending, at(nowMs))
          if (decision.kind === 'go') budget = settleWeight(decision.budget, { weight: spending, ...answer }, at(nowMs))
        }
        let waits = 0
        for (let decision = spendWeight(budget, weight, at(nowMs)); decision.kind === 'wait'; waits++) {
          expect(waits).toBeLessThan(4)
          nowMs = decision.untilMs
          decision = spendWeight(budget, weight, at(nowMs))
        }
      }),
      { numRuns },
    )
  })
})
