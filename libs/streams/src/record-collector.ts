import type { Codec } from './codec.ts'
import { StreamsError } from './errors.ts'
import { murmur2 } from './partitioner.ts'
import type { OutputBatch, ProducerPort } from './ports.ts'
import { RecordBatchBuilder, type RecordParts } from './record-batch-builder.ts'
import type { Header } from './record-batch.ts'

const MAX_BATCH_BYTES = 512 * 1024
const MAX_REMEMBERED_KEYS = 10_000
const INITIAL_SCRATCH_BYTES = 4 * 1024

/** A record to write, with a value to be encoded. Without a key it goes to some partition, the same for a whole flush. */
export interface ValueToWrite<T> {
  readonly topic: string
  readonly key: string | null
  readonly value: T
  readonly codec: Codec<T>
  readonly timestampMs: number
  readonly headers?: readonly Header[]
}

/** A record to write, as bytes. */
export interface BytesToWrite {
  readonly topic: string
  /** Where it goes; by its key, if left out. */
  readonly partition?: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestampMs: number
  readonly headers?: readonly Header[]
}

interface TopicOutput {
  readonly partitionCount: number
  readonly open: (RecordBatchBuilder | undefined)[]
  readonly full: OutputBatch[]
}

interface KnownKey {
  readonly bytes: Buffer
  readonly hash: number
}

/** What a collector needs of a producer. */
export type RecordWriter = Pick<ProducerPort, 'partitionCount' | 'send'>

/**
 * Collects records between two commits, encoded once into one buffer per partition. Records of one key keep their order. A topic must
 * be opened before its first record.
 */
export class RecordCollector {
  readonly #writer: RecordWriter
  readonly #topics = new Map<string, TopicOutput>()
  readonly #keys = new Map<string, KnownKey>()
  #scratch = Buffer.allocUnsafe(INITIAL_SCRATCH_BYTES)
  #records = 0
  #bytes = 0
  #clears = 0

  constructor(writer: RecordWriter) {
    this.#writer = writer
  }

  get bufferedRecords(): number {
    return this.#records
  }

  get bufferedBytes(): number {
    return this.#bytes
  }

  /** Learns a topic's partition count. Rejects with a `StreamsError` naming the topic where it does not exist. */
  async open(topic: string): Promise<void> {
    if (this.#topics.has(topic)) return
    this.#topics.set(topic, { partitionCount: await this.#writer.partitionCount(topic), open: [], full: [] })
  }

  /** Takes a record with a value in. Throws what the codec throws for a value that is not of its type. */
  add<T>(record: ValueToWrite<T>): void {
    const known = record.key === null ? undefined : this.#known(record.key)
    const valueLength = this.#encode(record)
    this.#append(
      record.topic,
      { hash: known?.hash },
      {
        key: known?.bytes ?? null,
        valueBytes: this.#scratch,
        valueLength,
        timestampMs: record.timestampMs,
        ...(record.headers === undefined ? {} : { headers: record.headers }),
      },
    )
  }

  /** Takes a record in as it is, such as a dead letter or a late record that is passed on unchanged. */
  addBytes(record: BytesToWrite): void {
    const { partition } = record
    const hash = record.key === null || partition !== undefined ? undefined : murmur2(record.key)
    this.#append(
      record.topic,
      { partition, hash },
      {
        key: record.key,
        valueBytes: record.value ?? this.#scratch,
        valueLength: record.value === null ? -1 : record.value.length,
        timestampMs: record.timestampMs,
        ...(record.headers === undefined ? {} : { headers: record.headers }),
      },
    )
  }

  /** Everything collected, as views over the collector's buffers: valid until the next `add` or `clear`. */
  batches(): OutputBatch[] {
    const batches: OutputBatch[] = []
    for (const { open, full } of this.#topics.values()) {
      batches.push(...full)
      for (const builder of open) if (builder !== undefined && builder.count > 0) batches.push(builder.batch())
    }
    return batches
  }

  /** Forgets what was collected, keeping the buffers. */
  clear(): void {
    for (const { open, full } of this.#topics.values()) {
      full.length = 0
      for (const builder of open) builder?.reset()
    }
    this.#records = 0
    this.#bytes = 0
    this.#clears++
  }

  /** Writes everything collected; resolves when all of it is acknowledged. Rejects as `ProducerPort.send` does. */
  async flush(): Promise<void> {
    if (this.#records === 0) return
    await this.#writer.send(this.batches())
    this.clear()
  }

  #append(
    topic: string,
    place: { partition?: number | undefined; hash?: number | undefined },
    parts: RecordParts,
  ): void {
    const output = this.#topics.get(topic)
    if (output === undefined) throw new StreamsError('protocol', `topic ${topic} was written to before it was opened`)
    const hash = place.hash === undefined ? this.#clears : place.hash & 0x7fffffff
    const partition = place.partition ?? hash % output.partitionCount
    const builder = this.#builder(output, topic, partition)
    const before = builder.byteLength
    builder.append(parts)
    this.#records++
    this.#bytes += builder.byteLength - before
  }

  #builder(output: TopicOutput, topic: string, partition: number): RecordBatchBuilder {
    const current = output.open[partition]
    if (current !== undefined && current.byteLength < MAX_BATCH_BYTES) return current
    if (current !== undefined) output.full.push(current.batch())
    const builder = new RecordBatchBuilder(topic, partition)
    output.open[partition] = builder
    return builder
  }

  #encode<T>(record: ValueToWrite<T>): number {
    for (;;) {
      const end = record.codec.encode(record.value, this.#scratch, 0)
      if (end >= 0) return end
      this.#scratch = Buffer.allocUnsafe(Math.max(this.#scratch.length - end, this.#scratch.length * 2))
    }
  }

  /** Keys repeat: their bytes and hash are kept, up to a bound. */
  #known(key: string): KnownKey {
    let known = this.#keys.get(key)
    if (known === undefined) {
      if (this.#keys.size >= MAX_REMEMBERED_KEYS) this.#keys.clear()
      const bytes = Buffer.from(key)
      known = { bytes, hash: murmur2(bytes) }
      this.#keys.set(key, known)
    }
    return known
  }
}
