import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePositiveDecimal } from './decimal.ts'

const codeOf = (text: string): string => {
  const parsed = parsePositiveDecimal(text, 'price')
  return typeof parsed === 'number' ? 'accepted' : parsed.code
}

/** The number a decimal stands for, as an integer times a power of ten with no zero at its end: an oracle apart from the code. */
function exact(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  let digits = BigInt(whole + fraction)
  let power = Number(exponent) - fraction.length
  while (digits !== 0n && digits % 10n === 0n) {
    digits /= 10n
    power++
  }
  return `${digits}e${power}`
}

describe('a positive decimal', () => {
  it.each([
    ['61837.63000000', 61837.63],
    ['1000000000.00000000', 1_000_000_000],
    ['0.00000001', 1e-8],
    ['0.1', 0.1],
    ['007.50', 7.5],
    ['9007199254740993000.0', 9007199254740993000],
    ['100000000000000000000000000', 1e26],
  ])('%s is read as its double', (text, value) => {
    expect(parsePositiveDecimal(text, 'price')).toBe(value)
  })

  it.each(['0.12345678901234567', '9007199254740993', '1'.repeat(310), `0.${'0'.repeat(340)}1`])(
    '%s is lossy: no double gives it back',
    (text) => {
      expect(codeOf(text)).toBe('lossy-decimal')
    },
  )

  it.each(['0', '0.00000000', '-1', '-0.5', '-0'])('%s is not positive', (text) => {
    expect(codeOf(text)).toBe('not-positive')
  })

  it.each([
    '',
    '-',
    '.',
    '1.',
    '.5',
    '1e5',
    '+1',
    ' 1',
    '1 ',
    '1,5',
    '1.2.3',
    'abc',
    '-abc',
    'NaN',
    'Infinity',
    '0x10',
    '１',
  ])('"%s" is no decimal', (text) => {
    expect(codeOf(text)).toBe('bad-decimal')
  })

  it('is accepted exactly where the shortest form of its double is the same number', () => {
    const digits = fc.string({ unit: fc.nat({ max: 9 }).map(String), minLength: 1, maxLength: 22 })
    fc.assert(
      fc.property(digits, fc.option(digits), (whole, fraction) => {
        const text = fraction === null ? whole : `${whole}.${fraction}`
        const parsed = parsePositiveDecimal(text, 'price')
        if (/^[0.]*$/.test(text)) return codeOf(text) === 'not-positive'
        const isSame = exact(String(Number(text)).replace('e+', 'e')) === exact(text)
        return isSame ? parsed === Number(text) : codeOf(text) === 'lossy-decimal'
      }),
      { numRuns: 5_000 },
    )
  })

  it('gives back every double that is written as a decimal of eight places', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), (units) => {
        const padded = String(units).padStart(9, '0')
        const text = `${padded.slice(0, -8)}.${padded.slice(-8)}`
        const value = parsePositiveDecimal(text, 'price')
        return typeof value === 'number' && value.toFixed(8) === text
      }),
    )
  })

  it('is quoted in a message, cut where it is long', () => {
    const flaw = parsePositiveDecimal('x'.repeat(1_000), 'price (p)')
    expect(flaw).toMatchObject({ message: `price (p) "${'x'.repeat(60)}…" is not a decimal` })
  })
})
