import { isUtf8 } from 'node:buffer'
import type { Codec } from './codec.ts'

const replacementCharacter = '\uFFFD'

/** Text as UTF-8, such as record keys. Bytes that are no UTF-8 are `malformed`; a lone surrogate can't be encoded (TypeError). */
export function stringCodec(): Codec<string> {
  return {
    decode(bytes, start, end) {
      const value = bytes.toString('utf8', start, end)
      // Node puts this character where bytes are bad, but it may be in the text itself too.
      if (value.includes(replacementCharacter) && !isUtf8(bytes.subarray(start, end))) {
        return { ok: false, issue: { code: 'malformed', message: `${end - start} bytes are not UTF-8 text` } }
      }
      return { ok: true, value }
    },
    encode(value, into, position) {
      if (typeof value !== 'string' || !value.isWellFormed()) {
        throw new TypeError(`well-formed text is expected, got ${JSON.stringify(value)}`)
      }
      const missing = Buffer.byteLength(value) - (into.length - position)
      return missing > 0 ? -missing : position + into.write(value, position, 'utf8')
    },
  }
}
