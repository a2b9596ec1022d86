import { StreamsError } from './errors.ts'
import type { ExternalSink } from './external-sink.ts'
import type { StreamRecord } from './stream-record.ts'

/** Records on their way to external sinks, between two commits. */
export class SinkBuffers {
  readonly #buffers = new Map<ExternalSink<never>, StreamRecord<never>[]>()
  #records = 0
  #writing = false

  get records(): number {
    return this.#records
  }

  /** True while a sink takes its time. */
  get writing(): boolean {
    return this.#writing
  }

  add(sink: ExternalSink<never>, record: StreamRecord<never>): void {
    const buffer = this.#buffers.get(sink)
    if (buffer === undefined) this.#buffers.set(sink, [record])
    else buffer.push(record)
    this.#records++
  }

  /** Writes all of it; rejects with a `StreamsError` that names the sink. What was not written is kept. */
  async flush(): Promise<void> {
    if (this.#records === 0) return
    this.#writing = true
    try {
      await Promise.all([...this.#buffers].map(([sink, records]) => this.#write(sink, records)))
    } finally {
      this.#writing = false
    }
  }

  async #write(sink: ExternalSink<never>, records: readonly StreamRecord<never>[]): Promise<void> {
    try {
      await sink.write(records)
    } catch (error) {
      if (error instanceof StreamsError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new StreamsError('sink-failed', `sink ${sink.name}: ${reason}`, { cause: error })
    }
    this.#buffers.delete(sink)
    this.#records -= records.length
  }
}
