import { open } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseRecordingLine } from './recording-line.ts'
import { SimulatorError } from './simulator-error.ts'
import type { SourceFrame } from './source-frame.ts'

/** Longest line a recording may hold; more means the file is no recording. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Frames of consecutive lines of a recording. */
export interface RecordingBatch {
  /** Line number, from 1, of the first frame. */
  readonly firstLine: number
  readonly frames: readonly SourceFrame[]
}

/**
 * Reads a recording, gzip or plain by its first bytes, from the first frame to the last, a chunk at a time: memory
 * does not grow with the file, and a reader who stops asking stops the reading. A bad line, a broken archive or an
 * unreadable file is a `SimulatorError` that names the file and the line.
 */
export async function* readRecording(file: string): AsyncGenerator<RecordingBatch, void, void> {
  let line = 1
  let rest: Buffer = Buffer.alloc(0)
  const fail = (issue: string) => new SimulatorError('bad-recording', `recording ${file} line ${line}: ${issue}`)
  const toBatch = (lines: Iterable<Buffer>): RecordingBatch => {
    const firstLine = line
    const frames: SourceFrame[] = []
    for (const bytes of lines) {
      const parsed = parseRecordingLine(bytes)
      if (!parsed.ok) throw fail(parsed.issue)
      frames.push(parsed.frame)
      line += 1
    }
    return { firstLine, frames }
  }

  try {
    for await (const chunk of await openBytes(file)) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const end = bytes.lastIndexOf(NEWLINE) + 1
      rest = bytes.subarray(end)
      if (rest.length > MAX_LINE_BYTES) throw fail(`longer than ${MAX_LINE_BYTES} bytes; is this a recording?`)
      if (end > 0) yield toBatch(splitLines(bytes.subarray(0, end)))
    }
  } catch (error) {
    if (error instanceof SimulatorError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new SimulatorError('bad-recording', `recording ${file} cannot be read after line ${line - 1}: ${reason}`, {
      cause: error,
    })
  }
  if (rest.length > 0) yield toBatch(splitLines(Buffer.concat([rest, Buffer.of(NEWLINE)])))
}

/** The lines of a block that ends with a newline, without their line ends. */
function* splitLines(block: Buffer): Generator<Buffer, void, void> {
  for (let start = 0; start < block.length;) {
    const newline = block.indexOf(NEWLINE, start)
    yield block.subarray(start, newline > start && block[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline)
    start = newline + 1
  }
}

async function openBytes(file: string): Promise<AsyncIterable<Buffer>> {
  const zipped = await isGzip(file)
  const bytes = createReadStream(file, { highWaterMark: CHUNK_BYTES })
  if (!zipped) return bytes
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  pipeline(bytes, gunzip, () => {
    // An error of either side destroys both and reaches whoever iterates the gunzip stream.
  })
  return gunzip
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await handle.close()
  }
}
