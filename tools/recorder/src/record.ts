import type { Clock } from '@tidemark/exchange-simulator'
import { frameLine } from './frame-line.ts'
import { RecordingWriter } from './recording-writer.ts'
import type { RotationLimits } from './rotation.ts'
import { StreamConnection } from './stream-connection.ts'
import { streamNames, streamsUrl } from './stream-names.ts'

/** Everything of the surroundings that differs from run to run. */
export interface RecorderWorld {
  readonly clock: Clock
  /** Time of day in µs, for the lines. */
  readonly nowUs: () => number
  /** A clock that is never set. */
  readonly elapsedMs: () => number
  readonly log: (message: string) => void
}

export interface RecordOptions extends RotationLimits {
  /** The exchange's address, such as `wss://data-stream.binance.vision`. */
  readonly url: string
  readonly symbols: readonly string[]
  /** Kinds of streams, such as `trade` or `kline_1m`. */
  readonly kinds: readonly string[]
  readonly file: string
  /** Stops by itself after this many frames. */
  readonly maxFrames?: number | undefined
  /** Stops by itself after this while. */
  readonly durationMs?: number | undefined
}

export interface RecordingSummary {
  readonly frames: number
  /** Frames that have no place in a recording: replies, announcements, damaged ones. */
  readonly skipped: number
  readonly connects: number
  /** Paths, in order. */
  readonly files: readonly string[]
}

export interface Recording {
  /** Resolves when all is written. Rejects with a `RecorderError` where a file can't be. */
  readonly done: Promise<RecordingSummary>
  /** Ends the connection; `done` resolves when the files are whole. */
  stop(): void
}

/**
 * Records what the exchange sends into files that the simulator replays. Rejects with a `RecorderError` where the address can't be used or
 * the file can't be made. Memory is bounded: while the disk is behind, the socket is not read.
 */
export async function record(options: RecordOptions, world: RecorderWorld): Promise<Recording> {
  const names = streamNames(options.symbols, options.kinds)
  const url = streamsUrl(options.url, names)
  const writer = await RecordingWriter.open({ ...options, elapsedMs: world.elapsedMs })
  return new RunningRecording({ options, world, names, url, writer })
}

interface Parts {
  readonly options: RecordOptions
  readonly world: RecorderWorld
  readonly names: readonly string[]
  readonly url: string
  readonly writer: RecordingWriter
}

class RunningRecording implements Recording {
  readonly #parts: Parts
  readonly #streams: ReadonlySet<string>
  readonly #connection: StreamConnection
  readonly #done = Promise.withResolvers<RecordingSummary>()
  readonly #cancelTimer: () => void
  #counts = { frames: 0, skipped: 0, connects: 0 }
  #isStopping = false
  #room: Promise<void> | undefined

  constructor(parts: Parts) {
    const { options, world, names, url } = parts
    this.#parts = parts
    this.#streams = new Set(names)
    const events = {
      connected: () => {
        this.#counts.connects++
        world.log(`connected to ${options.url}`)
      },
      frame: (bytes: Buffer, binary: boolean) => this.#receive(bytes, binary),
      lost: (reason: string) =>
        world.log(`no connection to ${options.url}: ${reason}; what is sent meanwhile is missing`),
    }
    this.#connection = new StreamConnection({ url, events, clock: world.clock })
    const { durationMs } = options
    this.#cancelTimer = durationMs === undefined ? () => undefined : world.clock.after(durationMs, () => this.stop())
  }

  get done(): Promise<RecordingSummary> {
    return this.#done.promise
  }

  stop(): void {
    if (this.#isStopping) return
    this.#end()
    const { writer } = this.#parts
    writer.close().then(() => this.#done.resolve({ ...this.#counts, files: writer.files }), this.#done.reject)
  }

  #receive(bytes: Buffer, binary: boolean): void {
    if (this.#isStopping) return
    const { options, world, writer } = this.#parts
    const line = binary ? undefined : frameLine(bytes, world.nowUs(), this.#streams)
    if (line === undefined) {
      this.#counts.skipped++
      return
    }
    this.#counts.frames++
    const room = writer.write(line)
    if (room !== undefined && room !== this.#room) this.#waitFor(room)
    if (this.#counts.frames === options.maxFrames) this.stop()
  }

  #waitFor(room: Promise<void>): void {
    this.#room = room
    this.#connection.pause()
    room.then(
      () => this.#connection.resume(),
      (error: unknown) => this.#fail(error),
    )
  }

  #fail(error: unknown): void {
    if (this.#isStopping) return
    this.#end()
    this.#done.reject(error)
  }

  #end(): void {
    this.#isStopping = true
    this.#cancelTimer()
    this.#connection.stop()
  }
}
