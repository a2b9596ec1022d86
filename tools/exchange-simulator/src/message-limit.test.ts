import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messageLimit } from './message-limit.ts'

describe('the message limit', () => {
  it('admits five in a second and not the sixth', () => {
    const limit = messageLimit()
    expect([0, 1, 2, 3, 4, 5].map((nowMs) => limit.admits(nowMs))).toEqual([true, true, true, true, true, false])
  })

  it('is a rolling second: the sixth is admitted a second after the first, not a ms sooner', () => {
    const sixthAt = (nowMs: number) => {
      const limit = messageLimit()
      for (const earlierMs of [0, 500, 600, 700, 800]) limit.admits(earlierMs)
      return limit.admits(nowMs)
    }
    expect(sixthAt(999)).toBe(false)
    expect(sixthAt(1000)).toBe(true)
  })

  it('counts pongs, and never closes for one', () => {
    const limit = messageLimit()
    for (let count = 0; count < 4; count += 1) limit.notePong(0)
    expect(limit.admits(0)).toBe(true)
    expect(limit.admits(0)).toBe(false)
  })

  it('agrees with counting all messages of the last second', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }), (gaps) => {
        const limit = messageLimit()
        const times: number[] = []
        let nowMs = 0
        for (const gap of gaps) {
          nowMs += gap
          times.push(nowMs)
          expect(limit.admits(nowMs)).toBe(times.filter((atMs) => nowMs - atMs < 1000).length <= 5)
        }
      }),
    )
  })
})
