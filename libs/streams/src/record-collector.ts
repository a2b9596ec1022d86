import { StreamsError } from './errors.ts'
import { murmur2 } from './partitioner.ts'
import type { OutputBatch, ProducerPort } from './ports.ts'
import { RecordBatchBuilder, type EncodableRecord } from './record-batch-builder.ts'
import type { Header } from './record-batch.ts'

const DEFAULT_MAX_BATCH_BYTES = 512 * 1024
/** Room for the record that makes a batch full, unless that is a large one. */
const LAST_RECORD_BYTES = 64 * 1024
const MAX_REMEMBERED_KEYS = 10_000
/** Buffers of full batches that are kept for later ones: new ones would cost more than filling them. */
const MAX_SPARE_BUFFERS = 8
const NO_BYTES = Buffer.alloc(0)

/** A record to write, with a value to be encoded. Without a key it goes to some partition, the same for a whole flush. */
export interface ValueToWrite<T> extends EncodableRecord<T> {
  readonly topic: string
  /** Where it goes; by its key, if left out. */
  readonly partition?: number
  /** Text is written as UTF-8. */
  readonly key: string | Buffer | null
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
  readonly full: RecordBatchBuilder[]
}

interface KnownKey {
  readonly bytes: Buffer
  readonly hash: number
}

/** What a collector needs of a producer. */
export type RecordWriter = Pick<ProducerPort, 'partitionCount' | 'send'>

export interface RecordCollectorOptions {
  /** A batch takes no more records when it has so many bytes; 512 kB if left out. */
  readonly maxBatchBytes?: number
}

/** Batches on their way out. They count as buffered until they are released. */
export interface TakenBatches {
  readonly batches: readonly OutputBatch[]
  /** They are acknowledged: their buffers are used again. */
  release(): void
}

/**
 * Collects records between two commits, encoded once into one buffer per partition. Records of one key keep their order. A topic must
 * be opened before its first record.
 */
export class RecordCollector {
  readonly #writer: RecordWriter
  readonly #topics = new Map<string, TopicOutput>()
  readonly #keys = new Map<string, KnownKey>()
  readonly #spare: Buffer[] = []
  readonly #maxBatchBytes: number
  #records = 0
  #bytes = 0
  #takenBytes = 0
  #clears = 0

  constructor(writer: RecordWriter, { maxBatchBytes = DEFAULT_MAX_BATCH_BYTES }: RecordCollectorOptions = {}) {
    this.#writer = writer
    this.#maxBatchBytes = maxBatchBytes
  }

  /** Without those that were taken. */
  get bufferedRecords(): number {
    return this.#records
  }

  /** With those of batches that were taken and not released. */
  get bufferedBytes(): number {
    return this.#bytes + this.#takenBytes
  }

  /** Learns a topic's partition count. Rejects with a `StreamsError` naming the topic where it does not exist. */
  async open(topic: string): Promise<void> {
    if (this.#topics.has(topic)) return
    this.#topics.set(topic, { partitionCount: await this.#writer.partitionCount(topic), open: [], full: [] })
  }

  /** Takes a record with a value in. Throws what the codec throws for a value that is not of its type. */
  add<T>(record: ValueToWrite<T>): void {
    const { topic, partition, key } = record
    // A key whose partition is known need not be remembered for its hash.
    const known = typeof key !== 'string' || partition !== undefined ? undefined : this.#known(key)
    const hash = Buffer.isBuffer(key) && partition === undefined ? murmur2(key) : known?.hash
    const builder = this.#builder(topic, partition, hash)
    const before = builder.byteLength
    builder.appendValue(typeof key === 'string' ? (known?.bytes ?? Buffer.from(key)) : key, record)
    this.#count(builder.byteLength - before)
  }

  /** Takes a record in as it is, such as a dead letter or a late record that is passed on unchanged. */
  addBytes(record: BytesToWrite): void {
    const { topic, partition, key, value, timestampMs, headers } = record
    const hash = key === null || partition !== undefined ? undefined : murmur2(key)
    const builder = this.#builder(topic, partition, hash)
    const before = builder.byteLength
    builder.append({
      key,
      valueBytes: value ?? NO_BYTES,
      valueLength: value === null ? -1 : value.length,
      timestampMs,
      ...(headers === undefined ? {} : { headers }),
    })
    this.#count(builder.byteLength - before)
  }

  /**
   * Takes out what has at least so many bytes in a partition; full batches only, if left out. Undefined where there is none. It stays as it is until it is
   * released, whatever is added in the meantime.
   */
  take(leastBytes = this.#maxBatchBytes): TakenBatches | undefined {
    const builders: RecordBatchBuilder[] = []
    for (const output of this.#topics.values()) {
      builders.push(...output.full.splice(0))
      for (const [partition, builder] of output.open.entries()) {
        if (builder === undefined || builder.count === 0 || builder.byteLength < leastBytes) continue
        builders.push(builder)
        output.open[partition] = this.#next(builder)
      }
    }
    if (builders.length === 0) return undefined
    const batches = builders.map((builder) => builder.batch())
    const bytes = builders.reduce((sum, { byteLength }) => sum + byteLength, 0)
    this.#records -= builders.reduce((sum, { count }) => sum + count, 0)
    this.#bytes -= bytes
    this.#takenBytes += bytes
    const release = () => {
      this.#takenBytes -= bytes
      for (const { buffer } of builders) this.#keep(buffer)
    }
    return { batches, release }
  }

  /** Everything collected, as views over the collector's buffers: valid until the next `add` or `clear`. */
  batches(): OutputBatch[] {
    const batches: OutputBatch[] = []
    for (const { open, full } of this.#topics.values()) {
      for (const builder of full) batches.push(builder.batch())
      for (const builder of open) if (builder !== undefined && builder.count > 0) batches.push(builder.batch())
    }
    return batches
  }

  /** Forgets what was collected and not taken, keeping the buffers. */
  clear(): void {
    for (const { open, full } of this.#topics.values()) {
      for (const { buffer } of full.splice(0)) this.#keep(buffer)
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

  #keep(buffer: Buffer): void {
    // Not one that had to grow for a record of megabytes.
    const isUsual = buffer.length <= 2 * this.#fullBatchBytes
    if (isUsual && this.#spare.length < MAX_SPARE_BUFFERS) this.#spare.push(buffer)
  }

  #count(bytes: number): void {
    this.#records++
    this.#bytes += bytes
  }

  #builder(topic: string, toPartition: number | undefined, hash: number | undefined): RecordBatchBuilder {
    const output = this.#topics.get(topic)
    if (output === undefined) throw new StreamsError('protocol', `topic ${topic} was written to before it was opened`)
    const partition = toPartition ?? (hash === undefined ? this.#clears : hash & 0x7fffffff) % output.partitionCount
    const current = output.open[partition]
    if (current !== undefined && current.byteLength < this.#maxBatchBytes) return current
    if (current !== undefined) output.full.push(current)
    const builder = current === undefined ? new RecordBatchBuilder(topic, partition) : this.#next(current)
    output.open[partition] = builder
    return builder
  }

  /** A partition that fills one batch fills more: its next buffer has the room at once. */
  #next({ topic, partition, byteLength }: RecordBatchBuilder): RecordBatchBuilder {
    if (byteLength < this.#maxBatchBytes) return new RecordBatchBuilder(topic, partition)
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#fullBatchBytes)
    return new RecordBatchBuilder(topic, partition, buffer)
  }

  get #fullBatchBytes(): number {
    return this.#maxBatchBytes + LAST_RECORD_BYTES
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
