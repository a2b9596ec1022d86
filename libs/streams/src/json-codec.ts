import { refusePromise } from '@tidemark/windowing'
import type { Codec } from './codec.ts'

/**
 * JSON values. `check` says whether what was parsed is a `T`: it returns what is wrong, or undefined. What it finds wrong makes the
 * record a dead letter, like text that is no JSON. Throws a TypeError that names the field for a number that is not finite, or a bigint, in what is to be
 * written.
 */
export function jsonCodec<T>(check: (json: unknown) => string | undefined): Codec<T> {
  return {
    decode(bytes, start, end) {
      let json: unknown
      try {
        json = JSON.parse(bytes.toString('utf8', start, end))
      } catch (error) {
        return { ok: false, issue: { code: 'malformed', message: `not JSON: ${(error as Error).message}` } }
      }
      const wrong = check(json)
      if (wrong !== undefined) return { ok: false, issue: { code: 'invalid', message: wrong } }
      return { ok: true, value: json as T }
    },
    encode: (value, into, position) => put(checkedText(value), into, position),
  }
}

/** As JSON has it, unchecked: a number that is not finite becomes null. */
export function encodeJson(value: unknown, into: Buffer, position: number): number {
  return put(JSON.stringify(value), into, position)
}

function put(text: string | undefined, into: Buffer, position: number): number {
  if (text === undefined) throw new TypeError('a JSON value is expected, got undefined')
  const missing = Buffer.byteLength(text) - (into.length - position)
  return missing > 0 ? -missing : position + into.write(text, position)
}

function checkedText(value: unknown): string | undefined {
  const text = textOf(value)
  // NaN is written as null. Few values have one, in a field or a text, and only those are looked through.
  if (text?.includes('null')) checkFields(value)
  if (text === '{}') refusePromise(value, 'a JSON value is expected: the step that made it')
  return text
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (error) {
    // Not of a circle, which is a TypeError too: the search for the field would not end in one.
    if (String(error).includes('BigInt')) checkFields(value)
    throw error
  }
}

/** Throws a TypeError for what JSON has no way to write, or would write as null. */
function checkFields(value: unknown, field = ''): void {
  const toJSON = typeof value === 'object' && value !== null && 'toJSON' in value ? value.toJSON : undefined
  // JSON asks once: what `toJSON` gives may have one too, as a copy of its object has.
  checkWritten(typeof toJSON === 'function' ? toJSON.call(value, field) : value, field)
}

function checkWritten(value: unknown, field: string): void {
  if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) checkFields((value as Record<string, unknown>)[name], name)
  } else if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    const place = field === '' ? '' : ` in field ${field}`
    throw new TypeError(`JSON can't keep ${typeof value} ${value}${place}`)
  }
}
