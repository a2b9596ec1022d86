import { describe, expect, test } from 'vitest'
import { WeightedBaseline } from './weighted-baseline.ts'

const a = 1 - 2 ** (-1 / 30)

describe('a baseline', () => {
  test('judges by earlier values only, as the recursion says', () => {
    const baseline = new WeightedBaseline({ threshold: 3, twoSided: false })
    let [m, v] = [0, 0]
    for (let n = 0; n < 60; n++) {
      const x = Math.sin(n * 12.9898) + n / 100
      const { score, baseline: mean } = baseline.judge(x)
      if (n < 20) expect(score).toBeNull()
      else expect(score).toBeCloseTo((x - m) / Math.sqrt(v), 10)
      if (n > 0) expect(mean).toBeCloseTo(m, 12)
      const d = x - m
      if (n === 0) [m, v] = [x, 0]
      else [m, v] = [m + a * d, (1 - a) * (v + a * d * d)]
    }
  })

  test('has no score where nothing varied', () => {
    const baseline = new WeightedBaseline({ threshold: 3, twoSided: false })
    for (let n = 0; n < 30; n++) expect(baseline.judge(5)).toMatchObject({ score: null, flagged: false })
  })

  test('takes a flagged value in clipped, so that one outlier does not hide the next', () => {
    const filled = () => {
      const baseline = new WeightedBaseline({ threshold: 3, twoSided: true })
      for (let n = 0; n < 40; n++) baseline.judge(n % 2)
      return baseline
    }
    const [wild, clipped] = [filled(), filled()]
    const { baseline: mean, score, flagged } = wild.judge(1_000)
    expect(flagged).toBe(true)
    const deviation = (1_000 - mean) / (score as number)
    clipped.judge(mean + 3 * deviation)
    expect(wild.snapshot()[1]).toBeCloseTo(clipped.snapshot()[1], 12)
    expect(wild.judge(1_000).flagged).toBe(true)
    expect(filled().judge(-1_000)).toMatchObject({ flagged: true, threshold: 3 })
  })

  test('flags only what is above it where it is one-sided', () => {
    const baseline = new WeightedBaseline({ threshold: 3, twoSided: false })
    for (let n = 0; n < 40; n++) baseline.judge(n % 2)
    expect(baseline.judge(-1_000)).toMatchObject({ flagged: false })
  })

  test('goes on from its snapshot', () => {
    const options = { threshold: 3, twoSided: true }
    const [one, other] = [new WeightedBaseline(options), new WeightedBaseline(options)]
    for (let n = 0; n < 25; n++) one.judge(n % 3)
    other.restore(JSON.parse(JSON.stringify(one.snapshot())))
    expect(other.judge(9)).toEqual(one.judge(9))
  })
})
