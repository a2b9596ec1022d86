import type { Codec } from './codec.ts'

/**
 * JSON values. `check` says whether what was parsed is a `T`: it returns what is wrong, or undefined. What it finds wrong makes the
 * record a dead letter, like text that is no JSON.
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
    encode(value, into, position) {
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError('a JSON value is expected, got undefined')
      const missing = Buffer.byteLength(text) - (into.length - position)
      return missing > 0 ? -missing : position + into.write(text, position)
    },
  }
}
