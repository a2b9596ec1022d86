import { describe, expect, it } from 'vitest'
import { FaultRules, seededChance, type FaultRule, type FrameSeen } from './fault-rules.ts'
import { kafkaApis } from './kafka-apis.ts'

const produced: FrameSeen = { on: 'response', apiKey: kafkaApis.Produce, clientId: 'app' }
const fetched: FrameSeen = { on: 'request', apiKey: kafkaApis.Fetch, clientId: null }

/** Which of this many frames meet with a fault, from 1. */
function struck(rules: FaultRules, frame: FrameSeen, frames: number): number[] {
  return Array.from({ length: frames }, (_, index) => index + 1).filter(() => rules.decide(frame) !== undefined)
}

describe('a rule', () => {
  it.each<[string, Partial<FaultRule>, boolean]>([
    ['its direction', { on: 'request' }, false],
    ['its API', { api: 'Produce' }, true],
    ['one of its APIs', { api: ['Fetch', 'Produce'] }, true],
    ['another API', { api: 'Fetch' }, false],
    ['its client', { clientId: 'app' }, true],
    ['another client', { clientId: 'ap' }, false],
    ['a pattern of clients', { clientId: /^a/g }, true],
    ['a pattern of other clients', { clientId: /^b/ }, false],
  ])('goes by %s', (_, rule, isMet) => {
    const rules = new FaultRules()
    rules.add({ on: 'response', action: 'close', ...rule })
    expect([rules.decide(produced), rules.decide(produced)].map((fault) => fault !== undefined)).toEqual([isMet, isMet])
  })

  it('tells of the fault: its name, what it is, and whom it meets', () => {
    const rules = new FaultRules()
    rules.add({ on: 'response', action: { delayMs: 5 } })
    expect(rules.decide(produced)).toEqual({
      rule: 'rule 1',
      on: 'response',
      api: 'Produce',
      clientId: 'app',
      action: { delayMs: 5 },
    })
  })

  it('can mean the nth frame only, counted from when it was added', () => {
    const rules = new FaultRules()
    rules.decide(produced)
    rules.add({ on: 'response', nth: 3, action: 'drop' })
    rules.decide(fetched)
    expect(struck(rules, produced, 6)).toEqual([3])
  })

  it('can be limited', () => {
    const rules = new FaultRules()
    rules.add({ on: 'response', limit: 2, action: 'drop' })
    expect(struck(rules, produced, 6)).toEqual([1, 2])
  })

  it('leaves to a later one what it has no fault for, and the later one counts that alone', () => {
    const rules = new FaultRules()
    rules.add({ name: 'first', on: 'response', nth: 1, action: 'drop' })
    rules.add({ name: 'second', on: 'response', nth: 1, action: 'close' })
    expect([1, 2, 3].map(() => rules.decide(produced)?.rule)).toEqual(['first', 'second', undefined])
    expect(rules.counts).toEqual({ first: 1, second: 1 })
  })

  it('can be taken away, alone or with all others, and what it did is still told', () => {
    const rules = new FaultRules()
    const remove = rules.add({ name: 'a', on: 'response', limit: 1, action: 'drop' })
    rules.add({ name: 'b', on: 'response', action: 'drop' })
    rules.decide(produced)
    remove()
    expect(rules.decide(produced)?.rule).toBe('b')
    rules.clear()
    expect(rules.decide(produced)).toBeUndefined()
    expect(rules.counts).toEqual({ a: 1, b: 1 })
  })

  it.each<[Partial<FaultRule>, RegExp]>([
    [{ api: 'Produced' as 'Produce' }, /Produced is no API/],
    [{ nth: 0 }, /nth is 0/],
    [{ limit: -1 }, /limit is -1/],
    [{ api: [] }, /api is an empty list/],
    [{ on: 'req' as 'request' }, /on is 'req', not request or response/],
    [{ on: undefined as never }, /on is undefined, not request or response/],
    [{ action: 'explode' as 'drop' }, /action is 'explode', not drop, silence, close or \{ delayMs \}/],
    [{ action: undefined as never }, /action is undefined, not drop/],
    [{ action: null as never }, /action is null, not drop/],
    [{ action: {} as never }, /delayMs is undefined/],
    [{ action: { delayMs: Infinity } }, /delayMs is Infinity/],
    [{ clientId: 5 as never }, /clientId is 5, neither text nor a pattern/],
    [{ action: { delayMs: Number.NaN } }, /delayMs is NaN/],
    [{ probability: 1.5 }, /probability is 1.5/],
    [{ probability: 0.5 }, /give the proxy `random`/],
    [{ name: 'taken' }, /one of this name/],
  ])('that can not be is refused: %o', (rule, reason) => {
    const rules = new FaultRules()
    rules.add({ name: 'taken', on: 'request', action: 'drop' })
    expect(() => rules.add({ on: 'response', action: 'drop', ...rule })).toThrow(reason)
  })
})

describe('chance', () => {
  const faultsOf = (seed: number, others: number): number[] => {
    const rules = new FaultRules(seededChance(seed))
    for (let index = 0; index < others; index++) rules.add({ on: 'request', probability: 0.5, action: 'drop' })
    rules.add({ name: 'mine', on: 'response', probability: 0.25, action: 'drop' })
    return Array.from({ length: 1000 }, (_, index) => index).filter(() => {
      rules.decide(fetched)
      return rules.decide(produced) !== undefined
    })
  }

  it('strikes as often as is asked, and the same frames for the same seed, whatever other rules do', () => {
    const faults = faultsOf(7, 0)
    expect(faults.length).toBeGreaterThan(200)
    expect(faults.length).toBeLessThan(300)
    expect(faultsOf(7, 3)).toEqual(faults)
    expect(faultsOf(8, 0)).not.toEqual(faults)
  })

  it('of 0 never strikes, and of 1 always', () => {
    const rules = new FaultRules(() => 0)
    rules.add({ on: 'response', probability: 0, action: 'drop' })
    expect(struck(rules, produced, 3)).toEqual([])
    const always = new FaultRules(() => 0.999_999)
    always.add({ on: 'response', probability: 1, action: 'drop' })
    expect(struck(always, produced, 3)).toEqual([1, 2, 3])
  })
})
