import type { FrameSink } from './frame-source.ts'
import type { SourceFrame } from './source-frame.ts'

/** Many connections as one: each gets what is sent while it is there. */
export class Broadcast implements FrameSink {
  readonly #waits: boolean
  readonly #sinks = new Set<FrameSink>()
  readonly #stopped = new AbortController()
  #joined = Promise.withResolvers<void>()
  #subscribed: readonly ReadonlySet<string>[] = []
  #streams: ReadonlySet<string> = new Set()

  /** One that waits has room when the slowest connection has, and none without any. */
  constructor({ waits }: { readonly waits: boolean }) {
    this.#waits = waits
  }

  /** Aborts when nobody is to be sent anything any more. */
  get signal(): AbortSignal {
    return this.#stopped.signal
  }

  /** What any of them has subscribed. */
  get streams(): ReadonlySet<string> {
    const subscribed = [...this.#sinks].map(({ streams }) => streams)
    const isSame =
      subscribed.length === this.#subscribed.length &&
      subscribed.every((streams, index) => streams === this.#subscribed[index])
    if (!isSame) {
      this.#subscribed = subscribed
      this.#streams = new Set(subscribed.flatMap((streams) => [...streams]))
    }
    return this.#streams
  }

  /** Adds a connection, until it is gone. */
  add(sink: FrameSink): void {
    if (sink.signal.aborted) return
    this.#sinks.add(sink)
    sink.signal.addEventListener('abort', () => this.#sinks.delete(sink), { once: true })
    this.#joined.resolve()
    this.#joined = Promise.withResolvers()
  }

  send(frames: readonly SourceFrame[]): void {
    for (const sink of this.#sinks) sink.send(frames)
  }

  room(): Promise<void> | undefined {
    if (!this.#waits || this.signal.aborted) return undefined
    if (this.#sinks.size === 0) return this.#joined.promise
    const waiting = [...this.#sinks].map((sink) => sink.room()).filter((room) => room !== undefined)
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => {})
  }

  async flushed(): Promise<void> {
    await Promise.all([...this.#sinks].map((sink) => sink.flushed()))
  }

  stop(): void {
    this.#stopped.abort()
    this.#joined.resolve()
  }
}
