import type { Cause } from './current-record.ts'
import { StreamsError } from './errors.ts'
import type { ExternalSink, SinkProgress } from './external-sink.ts'
import type { TopicPartition } from './ports.ts'
import type { StreamRecord } from './stream-record.ts'
import type { TaskPosition } from './task-source.ts'

/** What an object of a record and its fields take beside the bytes that they were read from, roughly. */
const RECORD_OVERHEAD_BYTES = 256

/** A sink's share of a task's next write. */
export interface SinkWork {
  readonly sink: ExternalSink<never>
  readonly records: readonly StreamRecord<never>[]
  readonly progress: readonly SinkProgress[]
}

/** What one task has for external sinks, and how far those are that hold their offsets. */
export class TaskSinks {
  readonly #sinks: readonly ExternalSink<never>[]
  readonly #records = new Map<ExternalSink<never>, StreamRecord<never>[]>()
  /** By sink and topic. */
  readonly #offsets = new Map<ExternalSink<never>, Map<string, number>>()
  #count = 0
  #bytes = 0

  constructor(sinks: readonly ExternalSink<never>[]) {
    this.#sinks = sinks
  }

  /** Records waiting for a write, or being written. */
  get records(): number {
    return this.#count
  }

  /** What they take: estimated by the bytes of the records that they came of. */
  get bytes(): number {
    return this.#bytes
  }

  add(sink: ExternalSink<never>, record: StreamRecord<never>, { topic, nextOffset, bytes }: Cause): void {
    // State that is behind the sink comes to results again that the sink has.
    if (nextOffset <= (this.offset(sink, topic) ?? 0)) return
    const records = this.#records.get(sink)
    if (records === undefined) this.#records.set(sink, [record])
    else records.push(record)
    this.#count++
    this.#bytes += bytes + RECORD_OVERHEAD_BYTES
  }

  /** How far a sink says that it is; undefined where it does not. */
  offset(sink: ExternalSink<never>, topic: string): number | undefined {
    return this.#offsets.get(sink)?.get(topic)
  }

  setOffset(sink: ExternalSink<never>, topic: string, offset: number): void {
    const offsets = this.#offsets.get(sink)
    if (offsets === undefined) this.#offsets.set(sink, new Map([[topic, offset]]))
    else offsets.set(topic, offset)
  }

  /** Throws a `StreamsError` where a sink has what its log now has other records at. */
  checkPlace({ topic, partition }: TopicPartition, offset: number): void {
    for (const sink of this.#sinks) {
      const known = this.offset(sink, topic)
      if (known === undefined || known <= offset) continue
      throw new StreamsError(
        'sink-failed',
        `sink ${sink.name} has topic ${topic} partition ${partition} up to offset ${known}, but the log goes on at ${offset}: it was made anew, or has ` +
          'lost its end; reset the application, and what the sink holds of it',
      )
    }
  }

  /** What is to be written now. A sink that holds its offsets is also told of progress without records. */
  due(positions: readonly TaskPosition[]): SinkWork[] {
    return this.#sinks.flatMap((sink): SinkWork[] => {
      const records = this.#records.get(sink) ?? []
      const progress = positions.flatMap(({ topic, partition, position, rebuilding }): SinkProgress[] => {
        const fromOffset = this.offset(sink, topic)
        return rebuilding || position <= (fromOffset ?? 0) ? [] : [{ topic, partition, fromOffset, toOffset: position }]
      })
      const isDue = records.length > 0 || (sink.loadOffsets !== undefined && progress.length > 0)
      return isDue ? [{ sink, records, progress }] : []
    })
  }

  /** Forgets what was written. Nothing may have been added in between. */
  written({ sink, records, progress }: SinkWork): void {
    this.#records.delete(sink)
    this.#count -= records.length
    if (this.#count === 0) this.#bytes = 0
    if (sink.loadOffsets === undefined) return
    for (const { topic, toOffset } of progress) this.setOffset(sink, topic, toOffset)
  }
}
