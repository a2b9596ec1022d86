import {
  readState,
  RecordCollector,
  StreamsRuntime,
  transactionalIdOf,
  WATERMARK_HEADER,
  type Codec,
  type Header,
  type KeyCodec,
  type RunOptions,
  type StateEntry,
  type StreamsLogger,
  type Topology,
} from '@tidemark/streams'
import { InMemoryKafka } from './in-memory-kafka.ts'
import { ManualClock } from './manual-clock.ts'

/** How a `TopologyTestDriver` runs its topology; what `RunOptions` has too has its meaning and default from there. */
export interface TestDriverOptions {
  /** Partitions of every topic; 1 by default, so that outputs have one order. */
  readonly partitions?: number
  /** Processing time at the start. */
  readonly startMs?: number
  /** `each-turn` (default): results can be read at once; `manual`: only when `commit` is called, for tests of crashes. */
  readonly commit?: 'each-turn' | 'manual'
  /** Default `exactly-once`. */
  readonly guarantee?: RunOptions['guarantee']
  readonly maxOpenWindows?: number
  readonly maxStateEntries?: number
  readonly maxBatchBytes?: number
  readonly recordDeadlineMs?: number
  readonly skip?: RunOptions['skip']
  readonly startAt?: RunOptions['startAt']
  /** Gets the runtime's log lines. */
  readonly logger?: StreamsLogger
  /** A Kafka that outlives the driver, for several drivers on one. */
  readonly kafka?: InMemoryKafka
}

/** A record read from an output topic. */
export interface OutputRecord<V, K = string> {
  /** Null for a record that has none. */
  readonly key: K | null
  readonly value: V
  readonly timestampMs: number
  readonly headers: Readonly<Record<string, string>>
}

const APPLICATION_ID = 'test-driver'
/** A topic that is read and written may be fed back so many times. */
const MAX_FED_BACK_TURNS = 10_000

/**
 * Runs a topology without a broker: the real runtime on an in-memory Kafka, one step at a time. Time is event time, from the
 * records; processing time stands still until `clock` is advanced.
 */
export class TopologyTestDriver {
  readonly clock: ManualClock
  readonly kafka: InMemoryKafka
  readonly #topology: Topology
  readonly #options: TestDriverOptions
  readonly #read = new Map<string, number[]>()
  #runtime: StreamsRuntime | undefined

  constructor(topology: Topology, options: TestDriverOptions = {}) {
    this.#topology = topology
    this.#options = options
    this.clock = new ManualClock(options.startMs)
    this.kafka = options.kafka ?? new InMemoryKafka()
    const { sources, outputTopics } = topology
    for (const topic of [...sources.map((source) => source.topic), ...outputTopics, this.deadLetterTopic]) {
      this.kafka.createTopic(topic, options.partitions)
    }
  }

  get deadLetterTopic(): string {
    return `${APPLICATION_ID}-dlq`
  }

  /** A source topic to pipe records into. Its keys are text, or what `keys` writes. */
  input<V>(topic: string, codec: Codec<V>): TestInput<V>
  input<V, K>(topic: string, codec: Codec<V>, keys: KeyCodec<K>): TestInput<V, K>
  input<V, K>(topic: string, codec: Codec<V>, keys = textKeys as unknown as KeyCodec<K>): TestInput<V, K> {
    const surroundings = { kafka: this.kafka, clock: this.clock, settle: () => this.settle() }
    return new TestInput({ topic, codec, keys }, surroundings)
  }

  /**
   * The records of a topic that have not been read yet, partition by partition. Only what was committed is there. Throws for a value, or a key, that
   * its codec can't read.
   */
  read<V>(topic: string, codec: Codec<V>): OutputRecord<V>[]
  read<V, K>(topic: string, codec: Codec<V>, keys: KeyCodec<K>): OutputRecord<V, K>[]
  read<V, K>(topic: string, codec: Codec<V>, keys = textKeys as unknown as KeyCodec<K>): OutputRecord<V, K>[] {
    return this.readBytes(topic, keys).map(({ value, ...record }) => {
      const bytes = value ?? Buffer.alloc(0)
      const decoded = codec.decode(bytes, 0, bytes.length)
      if (!decoded.ok) throw new Error(`topic ${topic}: ${decoded.issue.message}`)
      return { ...record, value: decoded.value }
    })
  }

  /** As `read`, with values as bytes: for dead letters, and for heartbeats, which have none. */
  readBytes(topic: string): OutputRecord<Buffer | null>[]
  readBytes<K>(topic: string, keys: KeyCodec<K>): OutputRecord<Buffer | null, K>[]
  readBytes<K>(topic: string, keys = textKeys as unknown as KeyCodec<K>): OutputRecord<Buffer | null, K>[] {
    const positions = this.#read.get(topic) ?? []
    this.#read.set(topic, positions)
    return this.kafka.partitions(topic).flatMap((log, partition) => {
      const batches = this.kafka.batchesFrom({ topic, partition }, positions[partition] ?? 0)
      positions[partition] = log.endOffset
      return batches.flatMap((batch) => {
        const records: OutputRecord<Buffer | null, K>[] = []
        const cursor = batch.cursor()
        while (cursor.next()) {
          const headers = Object.fromEntries(cursor.headers().map(({ key, value }) => [key, value?.toString() ?? '']))
          const key = keyOf(cursor.key(), keys, topic)
          records.push({ key, value: cursor.value(), timestampMs: cursor.timestampMs, headers })
        }
        return records
      })
    })
  }

  /**
   * Processes everything that has been piped, but for a task whose commit has failed and that starts anew when `clock` has got there. Rejects where the
   * topology reads a topic that it writes, and does not come to an end.
   */
  async settle(): Promise<void> {
    const runtime = await this.#running()
    const { sources, outputTopics } = this.#topology
    const fedBack = sources.map(({ topic }) => topic).filter((topic) => outputTopics.includes(topic))
    let turns = 0
    for (;;) {
      const batches = await runtime.turn(0)
      if (batches === 0 && !runtime.isWriting) return
      if (batches > 0 && fedBack.length > 0) turns++
      if (turns < MAX_FED_BACK_TURNS) continue
      throw new Error(
        `after ${turns} turns there is still something to process: ${fedBack.join(', ')} is read and written by the same topology`,
      )
    }
  }

  /** Writes the outputs so far and commits their offsets. */
  async commit(): Promise<void> {
    await (await this.#running()).commit()
  }

  /**
   * What a state holds, by the names that the runtime gives them (`process-<name>`, `windows-<kind and sizes>` unless `aggregate` was given a
   * name, `table-<topic>`, `clock-<topic>`): what is committed, as its changelog has it; a table, as the application has it. Rejects for
   * an unknown name with those that there are, and at-least-once for all but tables: no changelog keeps them.
   */
  async store(name: string): Promise<StateEntry[]> {
    const runtime = await this.#running()
    const names = [...runtime.stateEntries().keys()]
    if (!names.includes(name)) throw new Error(`there is no store ${name}, there are: ${names.join(', ') || 'none'}`)
    const entries = runtime.tableEntries(name)
    if (entries !== undefined) return entries
    if (this.#options.guarantee === 'at-least-once') {
      throw new Error(`store ${name} is read from its changelog, which there is none of at-least-once`)
    }
    return readState(this.kafka.logReader(), { applicationId: APPLICATION_ID, state: name })
  }

  /**
   * Ends one task as a takeover would: another member makes the transactional producer of the partition its own, and the group goes on
   * without this one, which then joins again. The task starts anew, from what was committed and its changelog; the others go on with what they
   * have in memory. Returns when that is done, and what was not committed of it is processed again.
   *
   * Rejects where the partition has no task here, and at-least-once, where nobody could tell a takeover from none.
   */
  async killTask(partition: number): Promise<void> {
    if (this.#options.guarantee === 'at-least-once') {
      throw new Error(`task ${partition} can't be killed by itself at-least-once: kill() ends the application`)
    }
    await this.#running()
    const group = this.kafka.group(APPLICATION_ID)
    const [source] = this.#topology.sources
    const owner = group.owners.get(`${source?.topic}/${partition}`)
    if (owner === undefined) throw new Error(`partition ${partition} has no task`)
    await this.kafka.transactionalProducer({ transactionalId: transactionalIdOf(APPLICATION_ID, partition) }).init()
    group.expel(owner)
    await this.settle()
  }

  /** Ends the application as `kill -9` would: whatever was not committed is gone. The next record starts it again. */
  kill(): void {
    this.kafka.group(APPLICATION_ID).kill()
    this.#runtime = undefined
  }

  /** Stops it as SIGTERM would: with a last commit. */
  async close(): Promise<void> {
    await this.#runtime?.close({ commit: true })
    this.#runtime = undefined
  }

  async #running(): Promise<StreamsRuntime> {
    if (this.#runtime !== undefined) return this.#runtime
    const { commit = 'each-turn', guarantee = 'exactly-once', ...given } = this.#options
    const options: RunOptions = {
      ...givenOf(given),
      applicationId: APPLICATION_ID,
      kafka: this.kafka,
      guarantee,
      commitIntervalMs: commit === 'each-turn' ? 0 : Infinity,
    }
    const runtime = new StreamsRuntime(this.#topology, { ...options, nowMs: this.clock.nowMs })
    this.#runtime = runtime
    await runtime.start()
    await runtime.turn(0)
    return runtime
  }
}

function givenOf({
  maxOpenWindows,
  maxStateEntries,
  maxBatchBytes,
  recordDeadlineMs,
  skip,
  startAt,
  logger,
}: TestDriverOptions): Partial<RunOptions> {
  return {
    ...(maxOpenWindows !== undefined && { maxOpenWindows }),
    ...(maxStateEntries !== undefined && { maxStateEntries }),
    ...(maxBatchBytes !== undefined && { maxBatchBytes }),
    ...(recordDeadlineMs !== undefined && { recordDeadlineMs }),
    ...(skip !== undefined && { skip }),
    ...(startAt !== undefined && { startAt }),
    ...(logger !== undefined && { logger }),
  }
}

interface InputSurroundings {
  readonly kafka: InMemoryKafka
  readonly clock: ManualClock
  settle(): Promise<void>
}

const textKeys: KeyCodec<string> = {
  decode: (bytes, start, end) => ({ ok: true, value: bytes.toString('utf8', start, end) }),
  encode: (key) => Buffer.from(key),
}

function keyOf<K>(bytes: Buffer | null, keys: KeyCodec<K>, topic: string): K | null {
  if (bytes === null) return null
  const decoded = keys.decode(bytes, 0, bytes.length)
  if (!decoded.ok) throw new Error(`topic ${topic}: ${decoded.issue.message}`)
  return decoded.value
}

interface InputFormat<V, K> {
  readonly topic: string
  readonly codec: Codec<V>
  readonly keys: KeyCodec<K>
}

/** Pipes records into a source topic; each call returns when the topology has processed them. */
export class TestInput<V, K = string> {
  readonly #topic: string
  readonly #codec: Codec<V>
  readonly #keys: KeyCodec<K>
  readonly #surroundings: InputSurroundings
  readonly #collector: RecordCollector

  constructor({ topic, codec, keys }: InputFormat<V, K>, surroundings: InputSurroundings) {
    this.#topic = topic
    this.#codec = codec
    this.#keys = keys
    this.#surroundings = surroundings
    this.#collector = new RecordCollector(surroundings.kafka.producer())
  }

  async pipe(key: K, value: V): Promise<void> {
    await this.pipeAll([[key, value]])
  }

  async pipeAll(records: readonly (readonly [key: K, value: V])[]): Promise<void> {
    await this.#codec.prepare?.()
    await this.#collector.open(this.#topic)
    const timestampMs = this.#surroundings.clock.nowMs()
    for (const [key, value] of records) {
      this.#collector.add({ topic: this.#topic, key: this.#keys.encode(key), value, codec: this.#codec, timestampMs })
    }
    await this.#send()
  }

  /** A record as bytes, such as one that can't be decoded. A text as the key stands for its UTF-8 bytes. */
  async pipeBytes(key: string | Buffer | null, value: Buffer | null, headers: readonly Header[] = []): Promise<void> {
    await this.#collector.open(this.#topic)
    const timestampMs = this.#surroundings.clock.nowMs()
    const keyBytes = typeof key === 'string' ? Buffer.from(key) : key
    this.#collector.addBytes({ topic: this.#topic, key: keyBytes, value, timestampMs, headers })
    await this.#send()
  }

  /** Promises that every record of the key with an event time below `watermarkMs` has been piped. */
  async heartbeat(key: K, watermarkMs: number): Promise<void> {
    await this.pipeBytes(this.#keys.encode(key), null, [
      { key: WATERMARK_HEADER, value: Buffer.from(String(watermarkMs)) },
    ])
  }

  async #send(): Promise<void> {
    await this.#collector.flush()
    await this.#surroundings.settle()
  }
}
