import { quoted, type Flaw } from './rejection.ts'

/** Every decimal of at most this many significant digits is given back by its double (DBL_DIG of IEEE 754 binary64). */
const safeDigits = 15
/** Below this length no decimal leaves the range of normal doubles, where `safeDigits` holds. */
const safeLength = 300

const zero = 48
const nine = 57

interface Significand {
  /** Index of the first digit that is not zero, or -1 where all are zero. */
  readonly first: number
  /** Index after the last digit that is not zero. */
  readonly end: number
  /** Index of the point, or the text's length where there is none. */
  readonly point: number
}

/**
 * Reads a decimal of zero or more, such as `61837.63000000`, without an exponent, as the exchange writes them. Accepted only where,
 * trailing zeros stripped, it is the same number as the shortest decimal form of its double: what is stored is what was sent, or the
 * flaw says that it can't be (`lossy-decimal`). Other flaws: `bad-decimal`, `not-positive` for one below zero.
 */
export function parseDecimal(text: string, field: string): number | Flaw {
  const negative = text.charCodeAt(0) === 45
  const scanned = scan(text, negative ? 1 : 0)
  if (scanned === undefined) return badDecimal(text, field)
  if (negative) return notPositive(text, field)
  if (scanned.first < 0) return 0
  const value = Number(text)
  const digits = scanned.end - scanned.first
  if (digits <= safeDigits && text.length <= safeLength) return value
  if (isShortestForm(text, scanned, value)) return value
  return { code: 'lossy-decimal', message: `${field} ${quoted(text)} has no double that gives it back` }
}

/** The same for a decimal above zero; zero is `not-positive` as well. */
export function parsePositiveDecimal(text: string, field: string): number | Flaw {
  const value = parseDecimal(text, field)
  return value === 0 ? notPositive(text, field) : value
}

/**
 * Checks a decimal of zero or more that may have more digits than any double, such as a sum: it stays the text that was sent.
 */
export function parseExactDecimal(text: string, field: string): string | Flaw {
  return scan(text, 0) === undefined ? badDecimal(text, field) : text
}

function badDecimal(text: string, field: string): Flaw {
  return { code: 'bad-decimal', message: `${field} ${quoted(text)} is not a decimal` }
}

function notPositive(text: string, field: string): Flaw {
  return { code: 'not-positive', message: `${field} ${quoted(text)} is not positive` }
}

/** One pass over the text; undefined where it is not digits with at most one point between them. */
function scan(text: string, start: number): Significand | undefined {
  let point = -1
  let first = -1
  let end = -1
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 46 && point < 0 && index > start) point = index
    else if (code < zero || code > nine) return undefined
    else if (code !== zero) {
      if (first < 0) first = index
      end = index + 1
    }
  }
  const endsInDigit = text.length > start && point !== text.length - 1
  return endsInDigit ? { first, end, point: point < 0 ? text.length : point } : undefined
}

function isShortestForm(text: string, { first, end, point }: Significand, value: number): boolean {
  if (value === 0 || value === Infinity) return false
  const digits = text.slice(first, end).replace('.', '')
  const exponent = first < point ? point - first - 1 : point - first
  const [mantissa = '', shortestExponent] = value.toExponential().split('e')
  return mantissa.replace('.', '') === digits && Number(shortestExponent) === exponent
}
