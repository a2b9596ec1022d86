import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changeTimes, eventTimeMs } from './frame-times.ts'

const frame = (E: number, T: number, s = 'BTCUSDT') =>
  Buffer.from(
    `{"stream":"btcusdt@trade","data":{"e":"trade","E":${E},"s":"${s}","t":7,"p":"0.10000000","T":${T},"m":true,"M":true}}`,
  )

describe('the times of a frame', () => {
  it('move by the offset in their own unit, and nothing else changes', () => {
    const times = fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 })
    fc.assert(
      fc.property(
        times,
        times,
        fc.integer({ min: -1e11, max: 1e11 }),
        fc.boolean(),
        (E, T, offsetMs, isMicroseconds) => {
          const scale = isMicroseconds ? 1000 : 1
          const moved = changeTimes(frame(E * scale, T * scale), { offsetMs, unit: undefined })
          expect(moved.toString()).toBe(frame((E + offsetMs) * scale, (T + offsetMs) * scale).toString())
        },
      ),
    )
  })

  it('are not looked for inside of strings', () => {
    const tricky = Buffer.from(`{"stream":"a@trade","data":{"s":${JSON.stringify('"E":123,"T":456 é')}}}`)
    expect(changeTimes(tricky, { offsetMs: 5, unit: undefined }).equals(tricky)).toBe(true)
  })

  it('come in the unit asked for', () => {
    const ms = frame(1_723_161_255_343, 1_723_161_255_342)
    const us = frame(1_723_161_255_343_000, 1_723_161_255_342_000)
    expect(changeTimes(ms, { offsetMs: 0, unit: 'MICROSECOND' }).toString()).toBe(us.toString())
    expect(changeTimes(us, { offsetMs: 0, unit: 'MILLISECOND' }).toString()).toBe(ms.toString())
    expect(changeTimes(ms, { offsetMs: 0, unit: 'MILLISECOND' }).toString()).toBe(ms.toString())
  })

  it('stay the very same bytes when nothing is asked for', () => {
    const bytes = frame(1, 2)
    expect(changeTimes(bytes, { offsetMs: 0, unit: undefined })).toBe(bytes)
  })

  it('give the event time in ms from either unit, and none where there is none', () => {
    expect(eventTimeMs(frame(1_723_161_255_343, 1))).toBe(1_723_161_255_343)
    expect(eventTimeMs(frame(1_723_161_255_343_999, 1))).toBe(1_723_161_255_343)
    expect(eventTimeMs(Buffer.from('{"u":1}'))).toBeUndefined()
  })
})
