import { AtLeastOnce } from './at-least-once.ts'
import { StreamsError } from './errors.ts'
import { ExactlyOnce } from './exactly-once.ts'
import type { Guarantee } from './guarantee.ts'
import type { ConsumerPort, TopicPartition } from './ports.ts'
import type { RecordCollector } from './record-collector.ts'
import { RUN_DEFAULTS, silentLogger, type RunOptions } from './run-options.ts'
import { SinkBuffers } from './sink-buffers.ts'
import { Task, type TaskCounters, type TaskPosition } from './task.ts'
import type { Topology } from './topology.ts'

export interface PartitionHealth extends TaskPosition {
  /** The offset after the last record of the partition, as last heard from the broker. */
  readonly endOffset: number | undefined
}

const IDLE_POLL_MS = 500
/** Long enough for heartbeats to find out whether the group has gone on without this member: taking a task back from its new owner is wrong. */
const FENCED_PAUSE_MS = 3_000

/**
 * Runs a topology as a member of a consumer group: poll, process, write, commit, one turn at a time. Rebalances happen inside
 * `turn`, so nothing runs beside it.
 */
export class StreamsRuntime {
  readonly counters: TaskCounters = { processed: 0, late: 0, deadLetters: 0 }
  readonly #topology: Topology
  readonly #options: Required<RunOptions>
  readonly #consumer: ConsumerPort
  readonly #sinks = new SinkBuffers()
  readonly #tasks = new Map<number, Task>()
  /** Partitions whose task starts anew, and when. */
  readonly #suspended = new Map<number, number>()
  #guarantee: Guarantee | undefined
  #nextCommitMs = 0
  #lastTurnMs: number
  #joined = false

  constructor(topology: Topology, options: RunOptions & { readonly nowMs: () => number }) {
    this.#topology = topology
    this.#options = { ...RUN_DEFAULTS, logger: silentLogger, ...options }
    const { kafka, applicationId: groupId, sessionTimeoutMs, startAt } = this.#options
    this.#consumer = kafka.consumer({ groupId, sessionTimeoutMs, startAt })
    this.#lastTurnMs = options.nowMs()
  }

  get deadLetterTopic(): string {
    return `${this.#options.applicationId}-dlq`
  }

  /** Checks that all topics exist and fit together, and joins the group. */
  async start(): Promise<void> {
    const { sources, outputCodecs } = this.#topology
    const partitionCount = await this.#partitionCount()
    this.#guarantee = this.#newGuarantee(partitionCount)
    await this.#guarantee.start()
    this.#nextCommitMs = this.#options.nowMs() + this.#options.commitIntervalMs
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
    const resumed = await this.#resumeSuspended()
    for (const batch of batches) {
      const task = this.#tasks.get(batch.partition)
      // Suspended; or resumed just now, further back than where this batch was fetched.
      if (task === undefined || resumed.includes(batch.partition)) continue
      await task.process(batch)
      if (this.#bufferedBytes > maxBufferedBytes || this.#sinks.records > maxSinkRecords) await this.commit()
    }
    if (nowMs() >= this.#nextCommitMs) await this.commit()
    return batches.length
  }

  /** Writes all outputs, and commits the offsets that they are the outputs of. */
  async commit(): Promise<void> {
    const { nowMs, commitIntervalMs } = this.#options
    for (const task of this.#tasks.values()) task.beforeCommit()
    await this.#sinks.flush()
    const failed = (await this.#guarantee?.commit([...this.#tasks.values()])) ?? []
    this.#nextCommitMs = nowMs() + commitIntervalMs
    for (const { task, reason } of failed) {
      await this.#drop([task.partition])
      this.#suspended.set(task.partition, nowMs() + (reason === 'fenced' ? FENCED_PAUSE_MS : 0))
    }
  }

  /** Leaves the group after a last commit (but not after an error, which may have left results half-written). */
  async close(options: { commit: boolean }): Promise<void> {
    if (options.commit) await this.commit()
    await this.#consumer.close()
    await this.#guarantee?.close()
    for (const sink of this.#topology.sinks) await sink.close?.()
  }

  partitions(): PartitionHealth[] {
    return [...this.#tasks.values()].flatMap((task) =>
      task.positions().map((position) => ({ ...position, endOffset: this.#consumer.endOffset(position) })),
    )
  }

  /** True once the group has given this member its partitions, be it none, and their state is rebuilt. */
  get ready(): boolean {
    return this.#joined && this.#suspended.size === 0 && this.partitions().every(({ rebuilding }) => !rebuilding)
  }

  /** True while the loop turns; waiting for a sink that is away counts as turning. */
  isLive(maxTurnMs: number): boolean {
    return this.#sinks.writing || this.#options.nowMs() - this.#lastTurnMs < maxTurnMs
  }

  get #dirty(): boolean {
    return this.#bufferedBytes > 0 || this.#sinks.records > 0
  }

  get #bufferedBytes(): number {
    let bytes = 0
    for (const { collector } of this.#tasks.values()) bytes += collector.bufferedBytes
    return bytes
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const added = [...new Set(partitions.map(({ partition }) => partition))].filter(
      (number) => !this.#tasks.has(number),
    )
    await this.#open(added)
    this.#joined = true
    this.#options.logger.info({ partitions: partitions.length }, 'partitions assigned')
  }

  /** Opens tasks: first nobody else can commit for them, then it is read what was committed, then their state. */
  async #open(numbers: readonly number[]): Promise<void> {
    const { logger } = this.#options
    const tasks = (await this.#guarantee?.open(numbers)) ?? []
    for (const task of tasks) this.#tasks.set(task.partition, task)
    for (const committed of await this.#consumer.committed(this.#partitionsOf(numbers))) {
      const { topic, partition } = committed
      const offset = this.#tasks.get(partition)?.resume(committed) ?? committed.offset
      this.#consumer.seek(committed, offset)
      logger.info({ topic, partition, offset }, 'partition taken up where it was committed')
    }
    await this.#guarantee?.restore(tasks)
  }

  /** Starts tasks anew whose commit had failed, unless the last poll has found out that they went to others. Returns which. */
  async #resumeSuspended(): Promise<readonly number[]> {
    const nowMs = this.#options.nowMs()
    const due = [...this.#suspended].filter(([, atMs]) => atMs <= nowMs).map(([partition]) => partition)
    if (due.length === 0) return due
    for (const partition of due) this.#suspended.delete(partition)
    // Without a commit so far they begin at the beginning: what has been fetched since is behind what they have to process.
    for (const partition of this.#partitionsOf(due)) this.#consumer.seek(partition, await this.#startOf(partition))
    await this.#open(due)
    return due
  }

  #partitionsOf(numbers: readonly number[]): TopicPartition[] {
    return this.#topology.sources.flatMap(({ topic }) => numbers.map((partition) => ({ topic, partition })))
  }

  async #startOf({ topic, partition }: TopicPartition): Promise<number> {
    const reader = this.#options.kafka.logReader()
    try {
      return (await reader.offsets(topic))[partition]?.startOffset ?? 0
    } finally {
      await reader.close()
    }
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.commit()
    await this.#drop(partitions.map(({ partition }) => partition))
  }

  async #lost(partitions: readonly TopicPartition[]): Promise<void> {
    this.#options.logger.warn(
      { partitions: partitions.length },
      'partitions lost: the group went on without this member',
    )
    await this.#drop(partitions.map(({ partition }) => partition))
  }

  async #drop(numbers: readonly number[]): Promise<void> {
    for (const number of numbers) this.#suspended.delete(number)
    const dropped = [...new Set(numbers)].flatMap((number) => this.#tasks.get(number) ?? [])
    for (const { partition } of dropped) this.#tasks.delete(partition)
    await this.#guarantee?.drop(dropped)
  }

  /** How many partitions the sources have: the same number each, since a task owns one of each. */
  async #partitionCount(): Promise<number> {
    const { sources } = this.#topology
    const reader = this.#options.kafka.logReader()
    try {
      const counts = await Promise.all(sources.map(({ topic }) => reader.partitionCount(topic)))
      const differing = sources.findIndex((_source, index) => counts[index] !== counts[0])
      if (differing <= 0) return counts[0] ?? 0
      throw new StreamsError(
        'topic-mismatch',
        `topics ${sources[0]?.topic} and ${sources[differing]?.topic} are read together but have ${counts[0]} and ` +
          `${counts[differing]} partitions: give them the same number`,
      )
    } finally {
      await reader.close()
    }
  }

  #newGuarantee(partitionCount: number): Guarantee {
    const { kafka, applicationId, guarantee, logger, nowMs } = this.#options
    const topics = [...this.#topology.outputTopics, this.deadLetterTopic]
    const newTask = (partition: number, collector: RecordCollector) => this.#newTask(partition, collector)
    if (guarantee === 'at-least-once') {
      return new AtLeastOnce({ producer: kafka.producer({}), consumer: this.#consumer, topics, logger, newTask })
    }
    return new ExactlyOnce({ applicationId, kafka, partitionCount, topics, logger, nowMs, newTask })
  }

  #newTask(partition: number, collector: RecordCollector): Task {
    const { guarantee, maxOpenWindows, nowMs } = this.#options
    return new Task({
      topology: this.#topology,
      partition,
      collector,
      deadLetterTopic: this.deadLetterTopic,
      maxOpenWindows,
      hasChangelog: guarantee === 'exactly-once',
      counters: this.counters,
      nowMs,
      toSink: (sink, record) => this.#sinks.add(sink, record),
    })
  }
}
