import { describe, expect, it } from 'vitest'
import { isFull, nextOrdinal, rotatedName } from './rotation.ts'

describe('a file', () => {
  it('is full at its size or its age, whichever comes first, and never without limits', () => {
    const limits = { maxBytes: 100, maxAgeMs: 1_000 }
    expect(isFull({ bytes: 99, ageMs: 999 }, limits)).toBe(false)
    expect(isFull({ bytes: 100, ageMs: 0 }, limits)).toBe(true)
    expect(isFull({ bytes: 0, ageMs: 1_000 }, limits)).toBe(true)
    expect(isFull({ bytes: 1e12, ageMs: 1e12 }, {})).toBe(false)
  })

  it.each([
    ['trades.txt.gz', 'trades-0007.txt.gz'],
    ['/data/some.day/trades.gz', '/data/some.day/trades-0007.gz'],
    ['trades', 'trades-0007'],
  ])('%s is numbered before its suffix: %s', (file, numbered) => {
    expect(rotatedName(file, 7)).toBe(numbered)
  })

  it('gets the number after the highest there is, also where that was never finished', () => {
    expect(nextOrdinal('x/trades.txt.gz', [])).toBe(1)
    const taken = ['trades-0002.txt.gz', 'trades-0009.txt', 'trades-old.txt.gz', 'other-0050.txt.gz']
    expect(nextOrdinal('x/trades.txt.gz', taken)).toBe(3)
    expect(nextOrdinal('x/trades.txt.gz', [...taken, 'trades-0010.txt.gz.part'])).toBe(11)
  })
})
