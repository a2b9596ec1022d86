import { describe, expect, it } from 'vitest'
import { ACT_NAMES } from './feed-acts.ts'
import { struckKinds } from './feed-strikes.ts'
import { neverMet, type Met } from './never-met.ts'

const once = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 1]))
const all: Met = { acts: once(ACT_NAMES), faults: once(struckKinds(true)), overtaken: 1, filled: 3 }

describe('three rounds of the feed', () => {
  it('have shown all where each thing was in one of them', () => {
    const { acts, ...others } = all
    expect(neverMet([{}, { acts: acts! }, others], true)).toEqual([])
  })

  it('have not shown what met with nothing in any of them', () => {
    const acts = once(ACT_NAMES.filter((name) => name !== 'kill -9'))
    const faults = once(struckKinds(false).filter((name) => name !== 'rest-error 429'))
    const rounds = [{ ...all, acts, faults }, { acts, faults, overtaken: 0 }, {}]
    expect(neverMet(rounds, false)).toEqual(['kill -9', 'rest-error 429'])
    expect(neverMet(rounds, true)).toEqual(['kill -9', 'rest-error 429', 'lose'])
    expect(neverMet([{ acts, faults }, {}, {}], false)).toEqual(['kill -9', 'rest-error 429', 'overtaken', 'filled'])
  })

  it('are more than one or two, which need not have met with all', () => {
    expect(neverMet([{}, {}], true)).toEqual([])
  })
})
