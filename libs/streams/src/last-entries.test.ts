import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LastEntries } from './last-entries.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

function put(entries: LastEntries, key: string, value: unknown): void {
  const head = Buffer.from(`..${key}`)
  const text = value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value))
  const valueStart = value === undefined ? -1 : head.length
  const valueEnd = value === undefined ? -1 : head.length + text.length
  entries.put({ bytes: Buffer.concat([head, text]), keyStart: 2, keyEnd: head.length, valueStart, valueEnd })
}

function all(entries: LastEntries): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const { keys, values } of entries.batches()) {
    expect(values).toHaveLength(keys.length)
    for (const [index, key] of keys.entries()) {
      expect(found.has(key)).toBe(false)
      found.set(key, values[index])
    }
  }
  return found
}

describe('of a log of entries', () => {
  test('the last value of each key is left, and none of those that are gone in the end', () => {
    const key = fc.oneof(fc.integer({ min: 0, max: 30 }).map(String), fc.string({ unit: 'grapheme' }))
    const value = fc.option(fc.oneof(fc.jsonValue(), fc.string({ maxLength: 2_000, size: 'max' })), { nil: undefined })
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 200 }), (log) => {
        const entries = new LastEntries()
        const expected = new Map<string, string>()
        for (const [entryKey, data] of log) {
          put(entries, entryKey, data)
          if (data === undefined) expected.delete(entryKey)
          else expected.set(entryKey, JSON.stringify(data))
        }
        expect(entries.size).toBe(expected.size)
        const left = [...all(entries)].map(([entryKey, data]) => [entryKey, JSON.stringify(data)])
        expect(Object.fromEntries(left)).toEqual(Object.fromEntries(expected))
      }),
      { numRuns },
    )
  })

  test('as many keys as there are come back, whatever came and went in between', () => {
    const entries = new LastEntries()
    const expected = new Map<string, unknown>()
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 20_000; index++) {
        const [key, value] = [`key ${index}`, index % 3 === round ? undefined : { round, text: '.'.repeat(index % 50) }]
        put(entries, key, value)
        if (value === undefined) expected.delete(key)
        else expected.set(key, value)
      }
      for (let index = 0; index < 5_000; index++) {
        put(entries, `once ${round} ${index}`, index)
        put(entries, `once ${round} ${index}`, undefined)
      }
    }
    expect(entries.size).toBe(expected.size)
    expect(all(entries)).toEqual(expected)
  })

  test('an entry that grows each time takes its own size, not that of all its values', () => {
    const entries = new LastEntries()
    for (let length = 0; length < 6_000; length++) put(entries, 'a', '.'.repeat(length))
    expect(all(entries)).toEqual(new Map([['a', '.'.repeat(5_999)]]))
  })

  /** Records as a fetch hands them over: behind each other in one large buffer. */
  function putFetched(entries: LastEntries, records: readonly (readonly [string, unknown])[]): void {
    const bytes = Buffer.allocUnsafeSlow(3 * 1024 * 1024)
    let end = 0
    for (const [key, value] of records) {
      const keyStart = end
      const keyEnd = keyStart + bytes.write(key, keyStart)
      end = value === undefined ? keyEnd : keyEnd + bytes.write(JSON.stringify(value), keyEnd)
      const isGone = value === undefined
      entries.put({ bytes, keyStart, keyEnd, valueStart: isGone ? -1 : keyEnd, valueEnd: isGone ? -1 : end })
    }
  }

  test('what is left of large fetches survives their clearing away', () => {
    const key = fc.integer({ min: 0, max: 6 }).map((number) => `key ${number}`)
    const value = fc.option(fc.string({ maxLength: 20 }), { nil: undefined })
    const fetches = fc.array(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 4 }), { maxLength: 12 })
    fc.assert(
      fc.property(fetches, (log) => {
        const entries = new LastEntries()
        for (const records of log) putFetched(entries, records)
        const expected = new Map<string, string>()
        for (const [entryKey, data] of log.flat()) {
          if (data === undefined) expected.delete(entryKey)
          else expected.set(entryKey, data)
        }
        expect(Object.fromEntries(all(entries))).toEqual(Object.fromEntries(expected))
      }),
      // Each run fills megabytes.
      { numRuns: Math.ceil(numRuns / 10) },
    )
  })

  test('a new key in a fetch of its own, again and again', () => {
    const entries = new LastEntries()
    for (let index = 0; index < 6; index++) putFetched(entries, [[`key ${index}`, index]])
    expect(all(entries)).toEqual(new Map(Array.from({ length: 6 }, (_, index) => [`key ${index}`, index])))
  })

  test('an entry that is written again in each fetch, beside one that stays', () => {
    const entries = new LastEntries()
    for (let index = 0; index < 6; index++)
      putFetched(entries, [
        ['hot', `${'.'.repeat(100)}${index}`],
        [`cold ${index}`, index],
      ])
    expect(entries.size).toBe(7)
    expect(all(entries).get('hot')).toBe(`${'.'.repeat(100)}5`)
  })
})
