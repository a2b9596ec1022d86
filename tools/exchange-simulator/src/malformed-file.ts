import { readFile } from 'node:fs/promises'
import { MALFORMED_CODES } from './malformed-frames.ts'
import type { MalformedCode, MalformedFrame } from './malformed-frames.ts'
import { SimulatorError } from './simulator-error.ts'

/** Most frames a file may list. */
export const MAX_MALFORMED_FRAMES = 10_000

/** Reads and checks a file of malformed frames; see `parseMalformedFile`. */
export async function readMalformedFile(file: string): Promise<readonly MalformedFrame[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SimulatorError('bad-malformed-file', `malformed frames ${file}: ${reason}`, { cause: error })
  })
  return parseMalformedFile(text, file)
}

/**
 * Reads a list of malformed frames: a JSON array of `{"name", "code", "text"}`, or `"base64"` instead of `"text"` for
 * bytes that are no text, and `"binary": true` for the binary opcode. `file` is for the messages only.
 */
export function parseMalformedFile(text: string, file: string): readonly MalformedFrame[] {
  const fail = (issue: string, cause?: unknown) =>
    new SimulatorError('bad-malformed-file', `malformed frames ${file}: ${issue}`, { cause })
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch (error) {
    throw fail(`not JSON: ${(error as Error).message}`, error)
  }
  if (!Array.isArray(entries)) throw fail('expected a JSON array')
  if (entries.length > MAX_MALFORMED_FRAMES) throw fail(`more than ${MAX_MALFORMED_FRAMES} frames`)
  return entries.map((entry: unknown, index) => {
    const parsed = parseEntry(entry)
    if (!parsed.ok) throw fail(`entry ${index}: ${parsed.issue}`)
    return parsed.frame
  })
}

function parseEntry(entry: unknown): { ok: true; frame: MalformedFrame } | { ok: false; issue: string } {
  if (typeof entry !== 'object' || entry === null) return { ok: false, issue: 'expected an object' }
  const { name, code, text, base64, binary = false } = entry as Record<string, unknown>
  if (typeof name !== 'string') return { ok: false, issue: 'name is not a string' }
  if (!isMalformedCode(code)) return { ok: false, issue: `code is none of ${MALFORMED_CODES.join(', ')}` }
  if (typeof binary !== 'boolean') return { ok: false, issue: 'binary is neither true nor false' }
  if (typeof text === 'string') return { ok: true, frame: { name, code, binary, bytes: Buffer.from(text) } }
  if (typeof base64 === 'string')
    return { ok: true, frame: { name, code, binary, bytes: Buffer.from(base64, 'base64') } }
  return { ok: false, issue: 'neither text nor base64 is a string' }
}

function isMalformedCode(code: unknown): code is MalformedCode {
  return (MALFORMED_CODES as readonly unknown[]).includes(code)
}
