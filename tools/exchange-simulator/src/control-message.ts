/** Longest string that may be the id of a request. */
export const MAX_ID_LENGTH = 36

/** A control message as far as it can be read. `idJson` is the id as it was written, to be echoed byte for byte. */
export interface ControlMessage {
  readonly fields: Readonly<Record<string, unknown>>
  readonly idJson: string | undefined
}

export type ParsedControl = { ok: true; message: ControlMessage } | { ok: false; line: number; column: number }

type SourceReviver = (this: object, key: string, value: unknown, context: { source?: string }) => unknown
const parseJson = JSON.parse as (text: string, reviver: SourceReviver) => unknown

/**
 * Reads a control message. An id is a signed 64-bit integer, a string of up to 36 letters, digits, `-` and `_`, or null;
 * integers keep all their digits, beyond what a double holds. Where the text is no JSON, line and column say where,
 * as near as the platform's parser tells.
 */
export function parseControl(text: string): ParsedControl {
  const idSources = new Map<object, string | undefined>()
  let value: unknown
  try {
    value = parseJson(text, function (key, member, { source }) {
      if (key === 'id') idSources.set(this, source)
      return member
    })
  } catch (error) {
    return { ok: false, ...locate(text, (error as Error).message) }
  }
  if (typeof value !== 'object' || value === null) return { ok: true, message: { fields: {}, idJson: undefined } }
  const idJson = idSources.get(value)
  return { ok: true, message: { fields: value as Record<string, unknown>, idJson: isId(idJson) ? idJson : undefined } }
}

function isId(json: string | undefined): boolean {
  if (json === undefined) return false
  if (json === 'null') return true
  if (/^-?\d{1,19}$/.test(json)) return BigInt.asIntN(64, BigInt(json)) === BigInt(json)
  return json.startsWith('"') && /^[\w-]+$/.test(JSON.parse(json) as string) && json.length <= MAX_ID_LENGTH + 2
}

function locate(text: string, message: string): { line: number; column: number } {
  const position = /at position (\d+)/.exec(message)?.[1]
  const token = /^Unexpected token '(.+?)',/.exec(message)?.[1]
  const at =
    position !== undefined ? Number(position) : token !== undefined ? Math.max(0, text.indexOf(token)) : text.length
  const before = text.slice(0, at)
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
}
