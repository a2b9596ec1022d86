import type { SourceFrame } from './source-frame.ts'

export type ParsedLine = { ok: true; frame: SourceFrame } | { ok: false; issue: string }

const SPACE = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c
const CLOSING_BRACE = 0x7d
const STREAM_OPENING = Buffer.from('{"stream":"')
const DATA_OPENING = Buffer.from('"data":{')

/**
 * Reads one line of a recording, `<receive time> <raw combined-stream frame>`, without copying its bytes. The receive
 * time is ns (18 to 20 digits) or µs (15 to 17 digits). Only the wrapping is looked at, so that a replay stays fast:
 * the payload is checked once, when the recording is scanned.
 */
export function parseRecordingLine(line: Buffer): ParsedLine {
  const space = line.indexOf(SPACE)
  if (space < 0) return { ok: false, issue: 'expected "<receive time> <frame>", found no space' }
  const receivedAtUs = parseReceiveTime(line.toString('latin1', 0, space))
  if (receivedAtUs === undefined) {
    return { ok: false, issue: `receive time "${excerpt(line.subarray(0, space))}" is neither in ns nor in µs` }
  }
  const bytes = line.subarray(space + 1)
  const streamStart = STREAM_OPENING.length
  const streamEnd = startsWith(bytes, STREAM_OPENING, 0) ? bytes.indexOf(QUOTE, streamStart) : -1
  const dataAt = streamEnd + 2
  const wrapped =
    streamEnd > streamStart &&
    bytes[streamEnd - 1] !== BACKSLASH &&
    startsWith(bytes, DATA_OPENING, dataAt) &&
    bytes[bytes.length - 1] === CLOSING_BRACE
  if (!wrapped) return { ok: false, issue: `not a combined-stream frame, {"stream":…,"data":{…}}: ${excerpt(bytes)}` }
  const stream = bytes.toString('utf8', streamStart, streamEnd)
  const dataStart = dataAt + DATA_OPENING.length - 1
  return { ok: true, frame: { stream, bytes, dataStart, receivedAtUs, binary: false } }
}

function parseReceiveTime(digits: string): number | undefined {
  if (!/^\d{15,20}$/.test(digits)) return undefined
  return Number(digits.length <= 17 ? digits : digits.slice(0, -3))
}

function startsWith(bytes: Buffer, expected: Buffer, at: number): boolean {
  const end = at + expected.length
  return end <= bytes.length && bytes.compare(expected, 0, expected.length, at, end) === 0
}

function excerpt(bytes: Buffer): string {
  const text = bytes.toString('utf8', 0, 80)
  return bytes.length > 80 ? `${text}…` : text
}
