import type { Codec } from './codec.ts'
import { StreamsError } from './errors.ts'
import { encodeJson, jsonCodec } from './json-codec.ts'
import { LastEntries } from './last-entries.ts'
import type { KeptState } from './operator.ts'
import type { InternalTopic, LogReaderPort } from './ports.ts'
import type { RecordCursor } from './record-batch.ts'
import type { RecordCollector } from './record-collector.ts'
import { entryFailed, stateFailed } from './state-errors.ts'
import { entriesVersionOf, specChange } from './state-spec.ts'

/** Key of the entry that says what a state was made for. Keys of entries never begin with it. */
const SPEC_KEY = '\u0000spec'
const SPEC_KEY_BYTES = Buffer.from(SPEC_KEY)

/** What is a user's is checked where it is put in. */
const entryCodec: Codec<unknown> = { ...jsonCodec<unknown>(() => undefined), encode: encodeJson }

/** The topic that keeps a state. */
export function changelogTopic(applicationId: string, state: string): string {
  return `${applicationId}-${state}-changelog`
}

const MIB = 1024 * 1024

/**
 * A changelog as it is created: compacted, so that it stays as large as the state. An entry has a version for each commit that changed it until a compaction,
 * which leaves out the segment being written: it is what a restore reads at most beside the state (and a fifth of that, which the cleaner lets wait), and so is bounded by
 * its bytes; by time alone, an entry that changes with each commit has 36,000 versions in an hour. Kafka's own default of 1 GiB would take a restore minutes.
 * Entries that are gone leave a deletion, which is kept for a day by default: a million an hour, where windows of a second close for hundreds of keys. None of them is needed
 * longer than a restore takes.
 */
export function changelogDefinition(applicationId: string, state: string, partitions: number): InternalTopic {
  return {
    name: changelogTopic(applicationId, state),
    partitions,
    config: {
      'cleanup.policy': 'compact',
      'segment.ms': '3600000',
      'segment.bytes': String(32 * MIB),
      'delete.retention.ms': '3600000',
      'min.cleanable.dirty.ratio': '0.2',
      // An entry is one window's whole accumulator, which may be larger than the records it is made of.
      'max.message.bytes': String(8 * MIB),
    },
  }
}

/** How far a state is restored, in records of its changelog: an entry has one for each time that it was written and not yet compacted. */
export interface RestoreProgress {
  readonly state: string
  readonly restored: number
  readonly total: number
}

/** One state of one task and its partition of the changelog. */
export class Changelog {
  readonly #applicationId: string
  readonly #state: KeptState
  readonly #topic: string
  readonly #partition: number
  /** True once the changelog says what the state was made for. */
  #hasSpec = false
  #progress: RestoreProgress | undefined

  constructor(options: { applicationId: string; state: KeptState; partition: number }) {
    this.#applicationId = options.applicationId
    this.#state = options.state
    this.#topic = changelogTopic(options.applicationId, options.state.name)
    this.#partition = options.partition
  }

  get topic(): string {
    return this.#topic
  }

  /** The name of its state. */
  get state(): string {
    return this.#state.name
  }

  /** How far the restore is that is under way. */
  get progress(): RestoreProgress | undefined {
    return this.#progress
  }

  /** Collects what has changed since the last call, an entry once however often it changed. */
  write(collector: RecordCollector, timestampMs: number): void {
    try {
      for (const entry of this.#state.changes()) {
        if (!this.#hasSpec) this.#put(collector, timestampMs, [SPEC_KEY, this.#state.spec])
        this.#hasSpec = true
        this.#put(collector, timestampMs, entry)
      }
    } catch (error) {
      throw stateFailed(this.#state.name, error)
    }
  }

  /**
   * Reads the state back, from the beginning of the changelog to its end. Returns how many entries it has. Rejects with
   * `topology-changed`, naming the state, where it was made for something else, and with `format-changed` where another version of the library has
   * written it. `onBatch` is told of each batch that was read, or put back.
   */
  async restore(reader: LogReaderPort, onBatch: () => void): Promise<number> {
    const { startOffset, endOffset } = (await reader.offsets(this.#topic))[this.#partition] ?? {
      startOffset: 0,
      endOffset: 0,
    }
    if (startOffset >= endOffset) return 0
    const total = endOffset - startOffset
    this.#progress = { state: this.#state.name, restored: 0, total }
    // Compaction comes late: of an entry's versions the last one counts.
    const entries = new LastEntries()
    let spec: Buffer | null = null
    for await (const batch of reader.read({ topic: this.#topic, partition: this.#partition }, startOffset, endOffset)) {
      const cursor = batch.cursor()
      while (cursor.next()) {
        if (isSpec(cursor)) spec = cursor.value()
        else entries.put(cursor)
      }
      this.#progress = { ...this.#progress, restored: Math.min(total, batch.nextOffset - startOffset) }
      onBatch()
    }
    if (spec !== null) this.#check(JSON.parse(spec.toString()))
    const { size } = entries
    if (this.#state.adopt === undefined) await this.#putBack(entries, reader, onBatch)
    else this.#adopt(entries)
    this.#progress = undefined
    return size + (spec === null ? 0 : 1)
  }

  async #putBack(entries: LastEntries, reader: LogReaderPort, onBatch: () => void): Promise<void> {
    for (const { keys, values } of entries.batches()) {
      for (const [index, key] of keys.entries()) this.#putBackOne(key, values[index])
      // Heartbeats have their turn, however much there is.
      await reader.nextTurn()
      onBatch()
    }
  }

  #putBackOne(key: string, value: unknown): void {
    try {
      this.#state.restoreEntry(key, value)
    } catch (error) {
      throw entryFailed(this.#state.name, key, error)
    }
  }

  #adopt(entries: LastEntries): void {
    try {
      this.#state.adopt?.(entries.asleep())
    } catch (error) {
      throw stateFailed(this.#state.name, error)
    }
  }

  #check(spec: unknown): void {
    const { name, spec: now } = this.#state
    const change = specChange(spec, now)
    // Where it says less than one of now, that one is written with the next entry.
    this.#hasSpec = change !== 'wording'
    if (change === 'none' || change === 'wording') return
    const subject = `state ${name} in ${this.#topic}`
    const reset = `reset the application (npm run operate -- reset --application ${this.#applicationId})`
    if (change === 'format') {
      throw new StreamsError(
        'format-changed',
        `${subject} was written by another version of @tidemark/streams: its entries are of version ${entriesVersionOf(spec)}, this one has ` +
          `version ${entriesVersionOf(now)}: go on with the version that wrote it, or ${reset}`,
      )
    }
    throw new StreamsError(
      'topology-changed',
      `${subject} was made for ${JSON.stringify(spec)}, the topology now has ${JSON.stringify(now)}: change it back, or ${reset}`,
    )
  }

  #put(collector: RecordCollector, timestampMs: number, [key, data]: readonly [string, unknown]): void {
    const place = { topic: this.#topic, partition: this.#partition, timestampMs }
    if (data === undefined) return collector.addBytes({ ...place, key: Buffer.from(key), value: null })
    try {
      collector.add({ ...place, key, value: data, codec: entryCodec })
    } catch (error) {
      throw entryFailed(this.#state.name, key, error)
    }
  }
}

/** A record of a changelog that is no entry, but says what the state was made for. */
export function isSpec({ bytes, keyStart, keyEnd }: RecordCursor): boolean {
  if (keyEnd - keyStart !== SPEC_KEY_BYTES.length || bytes[keyStart] !== SPEC_KEY_BYTES[0]) return false
  return SPEC_KEY_BYTES.compare(bytes, keyStart, keyEnd) === 0
}
