import { describe, expect, it } from 'vitest'
import { MALFORMED_CODES, malformedFrames } from './malformed-frames.ts'

const byCode = new Map(malformedFrames().map((frame) => [frame.code, frame]))
const text = (code: (typeof MALFORMED_CODES)[number]) => byCode.get(code)?.bytes.toString() ?? ''
const data = (code: (typeof MALFORMED_CODES)[number]) =>
  (JSON.parse(text(code)) as { data: Record<string, unknown> }).data

describe('the malformed frames', () => {
  it('are ten, one of each code, and the same at every call', () => {
    expect(malformedFrames().map(({ code }) => code)).toEqual([...MALFORMED_CODES])
    expect(malformedFrames()).toEqual(malformedFrames())
  })

  it('carry the fault that their code names', () => {
    expect(() => JSON.parse(text('not-json'))).toThrow()
    expect(data('missing-field')).not.toHaveProperty('p')
    expect(data('bad-decimal').p).toBe('abc')
    expect(data('not-positive').q).toBe('-0.02000000')
    expect(data('unknown-event').e).toBe('mystery')
    expect(text('oversized')).toHaveLength(2 * 1024 * 1024)
    expect(text('empty')).toBe('')
    expect(byCode.get('binary')?.binary).toBe(true)
  })

  it('hold a price that its double does not give back', () => {
    const price = data('lossy-decimal').p as string
    expect(`${Number(price)}`).not.toBe(price)
  })

  it('have every field wrong in type where that is the fault, so that any order of checks finds it', () => {
    const wrong = data('wrong-type')
    expect([wrong.E, wrong.t, wrong.T, wrong.m].map((value) => typeof value)).toEqual(Array(4).fill('string'))
    expect([wrong.p, wrong.q].map((value) => typeof value)).toEqual(['number', 'number'])
  })

  it('use trade ids no exchange has come to, that are exact as doubles', () => {
    const ids = malformedFrames().flatMap(({ bytes }) => /"t":"?(\d+)/.exec(bytes.toString())?.[1] ?? [])
    expect(ids.length).toBeGreaterThan(4)
    for (const id of ids) {
      expect(Number(id)).toBeGreaterThan(9e15)
      expect(Number.isSafeInteger(Number(id))).toBe(true)
    }
  })
})
