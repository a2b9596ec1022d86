import { describe, expect, test } from 'vitest'
import { isDrained, missing, StallWatch, type PipelineProgress } from './drain.ts'

const through: PipelineProgress = {
  source: { done: true, trades: 100, malformed: 10 },
  trades: 100,
  deadLetters: 10,
  lag: 0,
}

describe('a pipeline', () => {
  test('is drained when every frame is a trade in Kafka or a dead letter, and no app lags', () => {
    expect(isDrained(through)).toBe(true)
    expect(missing(through)).toBe(0)
  })

  test.each([
    ['the source still sends', { source: { ...through.source, done: false } }],
    ['a trade is missing', { trades: 99 }],
    ['a dead letter is missing', { deadLetters: 9 }],
    ['an app lags', { lag: 1 }],
    ['an app is not up', { lag: undefined }],
  ])('is not drained while %s', (_what, over) => {
    expect(isDrained({ ...through, ...over })).toBe(false)
  })

  test('that has more than the source, from an earlier start, misses nothing', () => {
    expect(missing({ ...through, deadLetters: 20 })).toBe(0)
  })
})

describe('a stall', () => {
  const short = { ...through, trades: 90 }

  test('is when nothing has moved for the limit after the source was done', () => {
    const watch = new StallWatch(1_000)
    expect(watch.isStalled(short, 0)).toBe(false)
    expect(watch.isStalled(short, 999)).toBe(false)
    expect(watch.isStalled(short, 1_000)).toBe(true)
  })

  test('is over when anything moves, and never while the source sends', () => {
    const watch = new StallWatch(1_000)
    watch.isStalled(short, 0)
    expect(watch.isStalled({ ...short, trades: 91 }, 1_000)).toBe(false)
    expect(watch.isStalled({ ...short, trades: 91 }, 1_999)).toBe(false)
    const sending = { ...short, source: { ...short.source, done: false } }
    expect(watch.isStalled(sending, 2_000)).toBe(false)
    expect(watch.isStalled(sending, 9_000)).toBe(false)
  })
})
