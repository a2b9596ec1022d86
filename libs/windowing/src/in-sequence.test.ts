import { describe, expect, test } from 'vitest'
import { EventClock } from './event-clock.ts'
import { inSequence, type InSequence, type InSequenceOptions } from './in-sequence.ts'
import { HeldRecordLimitError } from './limit-error.ts'

interface Numbered {
  readonly id: number
  readonly timestampMs: number
}

function operatorOf(
  options: Partial<InSequenceOptions<Numbered>> & { mode?: 'partition' | 'key'; firstKnown?: boolean } = {},
) {
  const { mode = 'key', firstKnown = true, ...others } = options
  const clock = new EventClock(mode)
  const out: string[] = []
  const operator: InSequence<Numbered> = inSequence<Numbered>({
    sequence: ({ id }) => id,
    clock,
    graceMs: 10,
    maxHeld: 3,
    ...(firstKnown && { firstSequence: 1 }),
    output: {
      pass: (key, { id }) => out.push(`${key}${id}`),
      advance: () => undefined,
      missing: (key, { first, last }) => out.push(`${key} misses ${first} to ${last}`),
      duplicate: (key, { id }) => out.push(`${key}${id} again`),
      late: (key, { id }) => out.push(`${key}${id} late`),
    },
    ...others,
  })
  const add = (key: string, id: number, timestampMs: number) => {
    clock.observe(key, timestampMs)
    operator.add(key, { id, timestampMs }, { timestampMs, offset: 0 })
  }
  const heartbeat = (key: string, timeMs: number) => {
    clock.heartbeat(key, timeMs)
    operator.advance(key)
  }
  return { operator, add, heartbeat, out }
}

describe('an in-sequence operator', () => {
  test('passes the next record at once, and holds what came early', () => {
    const { operator, add, out } = operatorOf()
    add('a', 1, 1)
    add('a', 3, 3)
    expect(out).toEqual(['a1'])
    expect(operator.held).toBe(1)
    add('a', 2, 2)
    expect(out).toEqual(['a1', 'a2', 'a3'])
    expect(operator.held).toBe(0)
  })

  test('gives a hole up when the watermark has passed the record behind it, and says which it was', () => {
    const { add, heartbeat, out } = operatorOf()
    add('a', 4, 20)
    heartbeat('a', 20)
    expect(out).toEqual([])
    heartbeat('a', 21)
    expect(out).toEqual(['a misses 1 to 3', 'a4'])
  })

  test('tells those behind it of each time once, and always when it is told itself', () => {
    const told: string[] = []
    const nothing = () => undefined
    const output = {
      ...{ pass: nothing, missing: nothing, duplicate: nothing, late: nothing },
      advance: (key: string) => told.push(key),
    }
    const { operator, add } = operatorOf({ output, graceMs: 0 })
    add('a', 1, 20)
    add('a', 2, 20)
    expect(told).toEqual(['a'])
    add('b', 1, 5)
    expect(told).toEqual(['a', 'b'])
    operator.advance('a')
    expect(told).toEqual(['a', 'b', 'a'])
  })

  test('reports what comes after its hole was given up as late, and what comes twice as a duplicate', () => {
    const { add, heartbeat, out } = operatorOf()
    add('a', 3, 20)
    add('a', 3, 20)
    heartbeat('a', 21)
    for (const id of [2, 2, 3]) add('a', id, 15)
    expect(out).toEqual(['a3 again', 'a misses 1 to 2', 'a3', 'a2 late', 'a2 again', 'a3 again'])
  })

  test('waits for the beginning of a key it knows nothing of as for a hole', () => {
    const { add, heartbeat, out } = operatorOf({ firstKnown: false })
    add('a', 8, 8)
    add('a', 7, 7)
    expect(out).toEqual([])
    heartbeat('a', 8)
    expect(out).toEqual(['a7', 'a8'])
    add('a', 6, 6)
    expect(out.at(-1)).toBe('a6 late')
  })

  test("does not let one key's progress give up another's hole, with a clock per key", () => {
    const { add, out } = operatorOf()
    add('a', 2, 2)
    add('b', 1, 1_000)
    expect(out).toEqual(['b1'])
  })

  test('with the clock of a partition, gives up the holes of all keys in order of time', () => {
    const { add, out } = operatorOf({ mode: 'partition' })
    add('b', 2, 5)
    add('a', 2, 6)
    add('c', 1, 100)
    expect(out).toEqual(['b misses 1 to 1', 'b2', 'a misses 1 to 1', 'a2', 'c1'])
  })

  test('has a clock that stays, while something is held, where the last one passed: what is missing may be that old', () => {
    const { operator, add } = operatorOf()
    const clockMs = () => operator.clock.timeOf('a').heartbeatMs
    add('a', 1, 50)
    expect(clockMs()).toBe(40)
    add('a', 3, 65)
    expect(clockMs()).toBe(50)
    add('a', 2, 64)
    expect(clockMs()).toBe(55)
    add('a', 5, 70)
    add('a', 6, 80)
    expect(clockMs()).toBe(65)
    add('a', 7, 81)
    expect(clockMs()).toBe(71)
  })

  test('has a clock that follows a heartbeat of the source past what is missing, but not past what is held', () => {
    const { operator, add, heartbeat } = operatorOf()
    add('a', 1, 50)
    add('a', 3, 65)
    heartbeat('a', 60)
    expect(operator.clock.timeOf('a').heartbeatMs).toBe(60)
    heartbeat('a', 65)
    expect(operator.clock.timeOf('a').heartbeatMs).toBe(65)
    expect(operator.held).toBe(1)
  })

  test('tells of a hole while the windows of the record before it are open', () => {
    const seen: string[] = []
    const output = {
      pass: (_key: string, { id }: Numbered) => seen.push(`${id} at ${operator.clock.timeOf('a').heartbeatMs}`),
      missing: () => seen.push(`missing at ${operator.clock.timeOf('a').heartbeatMs}`),
      advance: () => undefined,
      duplicate: () => undefined,
      late: () => undefined,
    }
    const { operator, add } = operatorOf({ output })
    add('a', 1, 50)
    add('a', 3, 65)
    add('a', 4, 90)
    expect(seen).toEqual(['1 at 40', 'missing at 50', '3 at 50', '4 at 50'])
    expect(operator.clock.timeOf('a').heartbeatMs).toBe(80)
  })

  test('holds at most as many records as the limit', () => {
    const { add } = operatorOf()
    for (const id of [3, 4, 5]) add('a', id, 5)
    expect(() => add('a', 6, 5)).toThrow(HeldRecordLimitError)
    expect(() => add('a', 7, 5)).toThrow('3 records are held in sequence, the limit (maxHeld): key a waits for 1')
  })

  test('knows at most as many keys as the limit', () => {
    const { add } = operatorOf({ maxKeys: 1 })
    add('a', 1, 1)
    expect(() => add('b', 1, 1)).toThrow('1 keys are in sequence, the limit (maxKeys)')
  })

  test('remembers only the newest holes: what comes for an older one is late, however often', () => {
    const { add, heartbeat, out } = operatorOf({ maxHoles: 1 })
    add('a', 2, 20)
    heartbeat('a', 21)
    add('a', 4, 40)
    heartbeat('a', 41)
    out.length = 0
    for (const id of [1, 1, 2, 3, 3, 4]) add('a', id, 10)
    expect(out).toEqual(['a1 late', 'a1 late', 'a2 again', 'a3 late', 'a3 again', 'a4 again'])
  })

  test('refuses a sequence that is not a safe integer', () => {
    const { add } = operatorOf()
    expect(() => add('a', 1.5, 1)).toThrow('key a: the sequence 1.5 is not a safe integer')
  })
})
