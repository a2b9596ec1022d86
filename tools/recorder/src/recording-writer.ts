import { createWriteStream, type WriteStream } from 'node:fs'
import { access, readdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PassThrough, type Transform } from 'node:stream'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { RecorderError } from './recorder-error.ts'
import { isFull, nextOrdinal, rotatedName, unfinished, type RotationLimits } from './rotation.ts'

export interface RecordingWriterOptions extends RotationLimits {
  /** Ends in `.gz` for a compressed recording. */
  readonly file: string
  /** A clock that is never set. */
  readonly elapsedMs: () => number
}

/**
 * Writes lines into a recording: one file, or, with limits, files that are numbered from where an earlier recording ended. A file has its
 * name only when it is whole; until then it ends in `.part`.
 */
export class RecordingWriter {
  readonly #options: RecordingWriterOptions
  readonly #files: string[] = []
  #ordinal: number | undefined
  #current: RecordingFile | undefined
  /** The end of all files before the current one. */
  #ending: Promise<unknown> = Promise.resolve()

  private constructor(options: RecordingWriterOptions, ordinal: number | undefined) {
    this.#options = options
    this.#ordinal = ordinal
  }

  /** Rejects with a `RecorderError` where a recording without limits is there already, or its folder is not. */
  static async open(options: RecordingWriterOptions): Promise<RecordingWriter> {
    const { file, maxBytes, maxAgeMs } = options
    const names = await readdir(dirname(file)).catch((error: unknown) => {
      throw new RecorderError(`the folder of ${file} can't be read: does it exist?`, { cause: error })
    })
    if (maxBytes !== undefined || maxAgeMs !== undefined) return new RecordingWriter(options, nextOrdinal(file, names))
    for (const taken of [file, `${file}${unfinished}`]) {
      const exists = await access(taken).then(
        () => true,
        () => false,
      )
      if (exists) throw new RecorderError(`${taken} is there already: a recording is never written over`)
    }
    return new RecordingWriter(options, undefined)
  }

  /** Paths of the files that were ended, in order; whole once `close` has resolved. */
  get files(): readonly string[] {
    return this.#files
  }

  /** Undefined where more can be written at once; else resolves when it can. Rejects where the file can't be written. */
  write(line: Buffer): Promise<void> | undefined {
    const { elapsedMs } = this.#options
    const current = this.#current
    if (
      current !== undefined &&
      isFull({ bytes: current.bytes, ageMs: elapsedMs() - current.sinceMs }, this.#options)
    ) {
      this.#rotate(current)
    }
    this.#current ??= new RecordingFile(this.#nextName(), elapsedMs())
    return this.#current.write(line)
  }

  /** Resolves when all files are whole. */
  async close(): Promise<void> {
    if (this.#current !== undefined) this.#rotate(this.#current)
    await this.#ending
  }

  #rotate(file: RecordingFile): void {
    this.#current = undefined
    this.#files.push(file.path)
    this.#ending = Promise.all([this.#ending, file.end()])
    // A failure is told by the next `write` that waits, or by `close`.
    this.#ending.catch(() => undefined)
  }

  #nextName(): string {
    const { file } = this.#options
    return this.#ordinal === undefined ? file : rotatedName(file, this.#ordinal++)
  }
}

/** One file of a recording. */
class RecordingFile {
  readonly path: string
  readonly sinceMs: number
  readonly #input: Transform
  readonly #output: WriteStream
  readonly #written: Promise<void>
  #room: Promise<void> | undefined

  constructor(path: string, sinceMs: number) {
    this.path = path
    this.sinceMs = sinceMs
    this.#input = path.endsWith('.gz') ? createGzip() : new PassThrough()
    this.#output = createWriteStream(`${path}${unfinished}`, { flags: 'wx' })
    this.#written = pipeline(this.#input, this.#output).catch((error: unknown) => {
      throw new RecorderError(`${path} can't be written: ${(error as Error).message}`, { cause: error })
    })
    this.#written.catch(() => undefined)
  }

  get bytes(): number {
    return this.#output.bytesWritten
  }

  write(line: Buffer): Promise<void> | undefined {
    this.#input.write(line)
    if (this.#input.write('\n') && !this.#input.destroyed) return undefined
    this.#room ??= Promise.race([once(this.#input, 'drain'), this.#written]).then(() => (this.#room = undefined))
    return this.#room
  }

  async end(): Promise<void> {
    this.#input.end()
    await this.#written
    await rename(`${this.path}${unfinished}`, this.path)
  }
}
