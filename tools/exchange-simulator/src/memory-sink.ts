import type { FrameSink } from './frame-source.ts'
import type { SourceFrame } from './source-frame.ts'

/** A sink for tests: keeps what it gets, and takes no more once `takes` calls of `send` came, until `release`. */
export class MemorySink implements FrameSink {
  readonly frames: SourceFrame[] = []
  readonly streams: ReadonlySet<string>
  readonly #gone = new AbortController()
  readonly #takes: number
  #sends = 0
  #room = Promise.withResolvers<void>()
  #asked = Promise.withResolvers<void>()

  constructor(options: { takes?: number; streams?: readonly string[] } = {}) {
    this.streams = new Set(options.streams)
    this.#takes = options.takes ?? Infinity
  }

  get signal(): AbortSignal {
    return this.#gone.signal
  }

  get texts(): readonly string[] {
    return this.frames.map(({ bytes }) => bytes.toString())
  }

  /** Resolves when a source was told to wait. */
  get isFull(): Promise<void> {
    return this.#asked.promise
  }

  send(frames: readonly SourceFrame[]): void {
    this.#sends += 1
    this.frames.push(...frames)
  }

  room(): Promise<void> | undefined {
    if (this.#sends < this.#takes) return undefined
    this.#asked.resolve()
    return this.#room.promise
  }

  flushed(): Promise<void> {
    return Promise.resolve()
  }

  release(): void {
    this.#sends = -Infinity
    this.#room.resolve()
  }

  leave(): void {
    this.#gone.abort()
    this.#room.resolve()
  }
}
