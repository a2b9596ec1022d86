import { describe, expect, test } from 'vitest'
import { noBytes, textOf } from './byte-range.ts'
import { EntrySlabs } from './entry-slabs.ts'

const MB = 1024 * 1024

function entry(key: string, value: string) {
  const bytes = Buffer.from(key + value)
  return { bytes, keyStart: 0, keyEnd: key.length, valueStart: key.length, valueEnd: bytes.length }
}

function read(slabs: EntrySlabs, number: number): [key: string, value: string] {
  const [key, value] = [noBytes(), noBytes()]
  slabs.keyIn(number, key)
  slabs.valueIn(number, value)
  return [textOf(key), textOf(value)]
}

describe('the memory of entries', () => {
  test('is given back when they are freed, with what is left in the same buffers moved', () => {
    const slabs = new EntrySlabs()
    const numbers = Array.from({ length: 50_000 }, (_, index) =>
      slabs.add({ hash: index, nameHash: 0 }, entry(`key ${index}`, 'x'.repeat(990))),
    )
    expect(slabs.heldBytes).toBeGreaterThan(47 * MB)
    for (const number of numbers) if (number % 500 !== 0) slabs.free(number)
    slabs.tidy()
    expect(slabs.heldBytes).toBeLessThan(6 * MB)
    for (const number of numbers.filter((each) => each % 500 === 0)) {
      expect(read(slabs, number)).toEqual([`key ${number}`, 'x'.repeat(990)])
      expect(slabs.hashOf(number)).toBe(number)
    }
  })

  test('is that of their last values, however often they are replaced', () => {
    const slabs = new EntrySlabs()
    const number = slabs.add({ hash: 1, nameHash: 1 }, entry('key', ''))
    for (let length = 0; length < 6_000; length++) slabs.replace(number, entry('key', '.'.repeat(length)))
    expect(read(slabs, number)).toEqual(['key', '.'.repeat(5_999)])
    slabs.replace(number, entry('key', 'short'))
    expect(read(slabs, number)).toEqual(['key', 'short'])
    expect(slabs.heldBytes).toBeLessThan(6 * MB)
  })

  test('is used again: a number that was freed is given to the next one', () => {
    const slabs = new EntrySlabs()
    for (let round = 0; round < 10_000; round++)
      slabs.free(slabs.add({ hash: round, nameHash: 0 }, entry('key', 'value')))
    expect([slabs.size, slabs.end]).toEqual([0, 1])
  })
})
