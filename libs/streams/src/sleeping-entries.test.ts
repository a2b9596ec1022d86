import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LastEntries } from './last-entries.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

function asleep(log: Iterable<readonly [key: string, data: unknown]>) {
  const entries = new LastEntries()
  for (const [key, data] of log) {
    const bytes = Buffer.from(key + JSON.stringify(data))
    const keyEnd = Buffer.byteLength(key)
    entries.put({ bytes, keyStart: 0, keyEnd, valueStart: keyEnd, valueEnd: bytes.length })
  }
  return entries.asleep()
}

test('entries are found by the names in their keys, and taken once', () => {
  const name = fc.oneof(fc.constantFrom('', 'a', 'a:b', ':'), fc.string({ unit: 'grapheme' }))
  const number = fc.oneof(fc.constant(''), fc.integer({ min: -5, max: 5 }), fc.maxSafeNat())
  const entry = fc.record({ kind: fc.constantFrom('k', 'w'), number, name, data: fc.string() })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.array(name), (log, asked) => {
      const keyOf = ({ kind, number, name }: (typeof log)[number]) => `${kind}${number}:${name}`
      const expected = new Map(log.map((each) => [keyOf(each), each]))
      const found = asleep(log.map((each) => [keyOf(each), each.data]))
      const told = [...found.all()].map((each) => [found.kindOf(each), found.numberOf(each), found.nameOf(each)])
      expect(new Set(told)).toEqual(new Set([...expected.values()].map((e) => [e.kind, Number(e.number), e.name])))
      for (const wanted of [...asked, ...log.map((each) => each.name)]) {
        const named = [...expected].filter(([, each]) => each.name === wanted)
        expect(found.entriesOf(wanted)).toHaveLength(named.length)
        expect(new Map(found.take(wanted))).toEqual(new Map(named.map(([key, { data }]) => [key, data])))
        for (const [key] of named) expected.delete(key)
        expect(found.size).toBe(expected.size)
      }
    }),
    { numRuns },
  )
})

test('an entry whose key has no name is refused', () => {
  const [entry = -1] = asleep([['w1', 1]]).all()
  expect(() => asleep([['w1', 1]]).numberOf(entry)).toThrow('state entry w1: not the key of a window')
})
