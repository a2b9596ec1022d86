import { RecordCollector } from './record-collector.ts'
import { StreamsError } from './errors.ts'
import { SinkBuffers } from './sink-buffers.ts'
import { Task, type TaskCounters, type TaskPosition } from './task.ts'
import type { CommittedOffset, ConsumerPort, KafkaPorts, ProducerPort, TopicPartition } from './ports.ts'
import type { Topology } from './topology.ts'

/** Where the runtime's log lines go; pino's loggers fit. */
export interface StreamsLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface RunOptions {
  /** Names the application: its consumer group, and its dead letter topic `<applicationId>-dlq`. */
  readonly applicationId: string
  readonly kafka: KafkaPorts
  /**
   * `at-least-once`: after a crash, results since the last commit may be written again, equal to the first time; none is missed.
   * State is rebuilt by reading the input again from the oldest record of any open window.
   */
  readonly guarantee: 'at-least-once'
  /** Processing time between two commits. */
  readonly commitIntervalMs?: number
  /** Outputs waiting for a commit; above it, one is made at once. */
  readonly maxBufferedBytes?: number
  /** Records waiting for an external sink; above it, a commit is made at once. */
  readonly maxSinkRecords?: number
  /** Windows open in one aggregate of one partition. */
  readonly maxOpenWindows?: number
  /** Where a partition is read from that the group has no offset for. */
  readonly startAt?: 'earliest' | 'latest'
  /** A member that is silent for this long is taken for dead, and its partitions go to others. */
  readonly sessionTimeoutMs?: number
  readonly logger?: StreamsLogger
  /** Processing time, in ms since 1970. */
  readonly nowMs?: () => number
}

export const RUN_DEFAULTS = {
  commitIntervalMs: 100,
  maxBufferedBytes: 16 * 1024 * 1024,
  maxSinkRecords: 10_000,
  maxOpenWindows: 100_000,
  startAt: 'earliest',
  sessionTimeoutMs: 10_000,
} as const

export interface PartitionHealth extends TaskPosition {
  /** The offset after the last record of the partition, as last heard from the broker. */
  readonly endOffset: number | undefined
}

const IDLE_POLL_MS = 500

const silent: StreamsLogger = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Runs a topology as a member of a consumer group: poll, process, write, commit, one turn at a time. Rebalances happen inside
 * `turn`, so nothing runs beside it.
 */
export class StreamsRuntime {
  readonly counters: TaskCounters = { processed: 0, late: 0, deadLetters: 0 }
  readonly #topology: Topology
  readonly #options: Required<RunOptions>
  readonly #producer: ProducerPort
  readonly #consumer: ConsumerPort
  readonly #collector: RecordCollector
  readonly #sinks: SinkBuffers
  readonly #tasks = new Map<number, Task>()
  #nextCommitMs = 0
  #lastTurnMs: number
  #joined = false

  constructor(topology: Topology, options: RunOptions & { readonly nowMs: () => number }) {
    this.#topology = topology
    this.#options = { ...RUN_DEFAULTS, logger: silent, ...options }
    const { kafka, applicationId: groupId, sessionTimeoutMs, startAt } = this.#options
    this.#producer = kafka.producer({})
    this.#consumer = kafka.consumer({ groupId, sessionTimeoutMs, startAt })
    this.#collector = new RecordCollector(this.#producer)
    this.#sinks = new SinkBuffers()
    this.#lastTurnMs = options.nowMs()
  }

  get deadLetterTopic(): string {
    return `${this.#options.applicationId}-dlq`
  }

  /** Checks that all topics exist and fit together, and joins the group. */
  async start(): Promise<void> {
    const { sources, outputTopics, outputCodecs } = this.#topology
    const counts = await Promise.all(sources.map(({ topic }) => this.#producer.partitionCount(topic)))
    const differing = sources.findIndex((_source, index) => counts[index] !== counts[0])
    if (differing > 0) {
      throw new StreamsError(
        'topic-mismatch',
        `topics ${sources[0]?.topic} and ${sources[differing]?.topic} are read together but have ${counts[0]} and ` +
          `${counts[differing]} partitions: give them the same number`,
      )
    }
    for (const topic of [...outputTopics, this.deadLetterTopic]) await this.#collector.open(topic)
    for (const codec of outputCodecs) await codec.prepare?.()
    this.#consumer.subscribe(
      sources.map(({ topic }) => topic),
      {
        assigned: (partitions) => this.#assigned(partitions),
        revoked: (partitions) => this.#revoked(partitions),
        lost: (partitions) => this.#lost(partitions),
      },
    )
  }

  /** Polls once, processes what came, commits if it is time. Returns how many batches there were. */
  async turn(maxWaitMs?: number): Promise<number> {
    const { nowMs, maxBufferedBytes, maxSinkRecords } = this.#options
    this.#lastTurnMs = nowMs()
    const untilCommitMs = this.#dirty ? Math.max(0, this.#nextCommitMs - nowMs()) : IDLE_POLL_MS
    const batches = await this.#consumer.poll(maxWaitMs ?? untilCommitMs)
    for (const batch of batches) {
      const task = this.#tasks.get(batch.partition)
      if (task === undefined) continue // revoked in this poll
      await task.process(batch)
      if (this.#collector.bufferedBytes > maxBufferedBytes || this.#sinks.records > maxSinkRecords) await this.commit()
    }
    if (nowMs() >= this.#nextCommitMs) await this.commit()
    return batches.length
  }

  /** Writes all outputs, then commits the offsets that they are the outputs of. */
  async commit(): Promise<void> {
    const { nowMs, commitIntervalMs, logger } = this.#options
    await Promise.all([this.#collector.flush(), this.#sinks.flush()])
    this.#nextCommitMs = nowMs() + commitIntervalMs
    const changed = [...this.#tasks.values()].map((task) => ({ task, offsets: task.offsetsToCommit() }))
    const offsets: CommittedOffset[] = changed.flatMap((entry) => entry.offsets)
    if (offsets.length === 0) return
    try {
      await this.#consumer.commit(offsets)
    } catch (error) {
      // The group has moved on: the next poll says what is lost. The new owner repeats what this commit would have covered.
      if (!(error instanceof StreamsError) || error.code !== 'group-lost') throw error
      logger.warn({ err: error }, 'offsets not committed: the group is rebalancing')
      return
    }
    for (const entry of changed) entry.task.committed(entry.offsets)
  }

  /** Leaves the group after a last commit (but not after an error, which may have left results half-written). */
  async close(options: { commit: boolean }): Promise<void> {
    if (options.commit) await this.commit()
    await this.#consumer.close()
    await this.#producer.close()
    for (const sink of this.#topology.sinks) await sink.close?.()
  }

  partitions(): PartitionHealth[] {
    return [...this.#tasks.values()].flatMap((task) =>
      task.positions().map((position) => ({ ...position, endOffset: this.#consumer.endOffset(position) })),
    )
  }

  /** True once the group has given this member its partitions, be it none, and their state is rebuilt. */
  get ready(): boolean {
    return this.#joined && this.partitions().every(({ rebuilding }) => !rebuilding)
  }

  /** True while the loop turns; waiting for a sink that is away counts as turning. */
  isLive(maxTurnMs: number): boolean {
    return this.#sinks.writing || this.#options.nowMs() - this.#lastTurnMs < maxTurnMs
  }

  get #dirty(): boolean {
    return this.#collector.bufferedRecords > 0 || this.#sinks.records > 0
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { logger } = this.#options
    for (const { partition } of partitions) {
      if (!this.#tasks.has(partition)) this.#tasks.set(partition, this.#task(partition))
    }
    for (const committed of await this.#consumer.committed(partitions)) {
      const { topic, partition } = committed
      const offset = this.#tasks.get(partition)?.resume(committed) ?? committed.offset
      this.#consumer.seek(committed, offset)
      logger.info({ topic, partition, offset }, 'partition taken up where it was committed')
    }
    this.#joined = true
    logger.info({ partitions: partitions.length }, 'partitions assigned')
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.commit()
    this.#drop(partitions)
  }

  async #lost(partitions: readonly TopicPartition[]): Promise<void> {
    this.#options.logger.warn(
      { partitions: partitions.length },
      'partitions lost: the group went on without this member',
    )
    this.#drop(partitions)
  }

  #drop(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.#tasks.delete(partition)
  }

  #task(partition: number): Task {
    const { maxOpenWindows, nowMs } = this.#options
    return new Task({
      topology: this.#topology,
      partition,
      collector: this.#collector,
      deadLetterTopic: this.deadLetterTopic,
      maxOpenWindows,
      counters: this.counters,
      nowMs,
      toSink: (sink, record) => this.#sinks.add(sink, record),
    })
  }
}
