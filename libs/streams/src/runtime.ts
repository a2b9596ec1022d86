import { AtLeastOnce } from './at-least-once.ts'
import { checkedOptions } from './checked-options.ts'
import { ExactlyOnce, MAX_OPEN_MS } from './exactly-once.ts'
import type { Guarantee } from './guarantee.ts'
import { orAborted } from './or-aborted.ts'
import { OwnedTasks, type PartitionState } from './owned-tasks.ts'
import { commonPartitionCount } from './partition-count.ts'
import type { ConsumerPort, TopicPartition } from './ports.ts'
import type { StateEntry } from './read-state.ts'
import type { RecordBatch } from './record-batch.ts'
import type { RecordCollector } from './record-collector.ts'
import type { RunOptions } from './run-options.ts'
import { SinkWrites } from './sink-writes.ts'
import { TaskIntake } from './task-intake.ts'
import { Task, type TaskCounters } from './task.ts'
import type { TaskPosition } from './task-source.ts'
import { checkStateEntries, stateEntriesOf, tableEntriesOf } from './tasks-state.ts'
import type { Topology } from './topology.ts'

/** How far one partition of the input is, and what holds it up. */
export interface PartitionHealth extends TaskPosition, PartitionState {
  /** The offset after the last record of the partition, as last heard from the broker; undefined while the group divides its partitions anew. */
  readonly endOffset: number | undefined
}

const IDLE_POLL_MS = 500
/**
 * Of `maxBufferedBytes`: what may be fetched, and what outputs may take before they are waited for, or a commit is made at once. The rest is for what a commit
 * comes too late for: the batches of one poll, and what the last of them has put out.
 */
const SHARE_OF_FETCHED = 1 / 2
const SHARE_OF_HELD = 1 / 4

/**
 * Runs a topology as a member of a consumer group: poll, process, write, commit, one turn at a time. Rebalances happen inside
 * `turn`, so nothing runs beside it.
 */
export class StreamsRuntime {
  readonly counters: TaskCounters = { processed: 0, late: 0, deadLetters: 0 }
  readonly #topology: Topology
  readonly #options: Required<RunOptions>
  readonly #consumer: ConsumerPort
  readonly #writes: SinkWrites
  readonly #guarantee: Guarantee
  readonly #tasks: OwnedTasks
  readonly #intake: TaskIntake
  readonly #stopping = new AbortController()
  #nextCommitMs = 0
  /** When a commit is due because of what was sent ahead of it. */
  #openUntilMs = Infinity
  /** When the loop last turned, or got on within a turn. */
  #movedMs: number

  constructor(topology: Topology, options: RunOptions & { readonly nowMs: () => number }) {
    this.#topology = topology
    this.#options = checkedOptions(topology, options)
    const { kafka, applicationId: groupId, sessionTimeoutMs, startAt } = this.#options
    const { logger, nowMs, maxBufferedBytes } = this.#options
    this.#consumer = kafka.consumer({
      groupId,
      sessionTimeoutMs,
      startAt,
      maxBufferedBytes: maxBufferedBytes * SHARE_OF_FETCHED,
    })
    this.#writes = new SinkWrites(this.#consumer)
    this.#guarantee = this.#newGuarantee()
    this.#tasks = new OwnedTasks({
      guarantee: this.#guarantee,
      consumer: this.#consumer,
      kafka,
      sourceTopics: topology.sources.map(({ topic }) => topic),
      sinks: topology.sinks,
      startAt,
      logger,
      signal: this.#stopping.signal,
      nowMs,
      onProgress: () => this.#moved(),
    })
    this.#intake = new TaskIntake({
      consumer: this.#consumer,
      tasks: this.#tasks,
      writes: this.#writes,
      process: (task, batch) => this.#process(task, batch),
      hasNoRoom: () => this.#hasNoRoom,
      nowMs,
    })
    this.#movedMs = nowMs()
  }

  get deadLetterTopic(): string {
    return `${this.#options.applicationId}-dlq`
  }

  /** Checks that all topics exist and fit together, and joins the group. A `stop` ends it, whatever it waits for. */
  async start(): Promise<void> {
    const { signal } = this.#stopping
    try {
      await this.#prepare(signal)
    } catch (error) {
      if (error !== signal.reason) throw error
    }
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { kafka, nowMs, commitIntervalMs } = this.#options
    const topics = this.#topology.sources.map(({ topic }) => topic)
    const partitionCount = await commonPartitionCount(topics, { kafka, signal })
    await orAborted(signal, () => this.#guarantee.start(partitionCount))
    this.#nextCommitMs = nowMs() + commitIntervalMs
    for (const codec of this.#topology.outputCodecs) await orAborted(signal, async () => codec.prepare?.())
    this.#consumer.subscribe(topics, {
      assigned: (partitions) => this.#tasks.assigned(partitions),
      revoked: (partitions) => this.#revoked(partitions),
      lost: (partitions) => this.#lost(partitions),
    })
  }

  /**
   * Polls once, processes what came, commits if it is time. Returns how much there was to do: batches, and tasks that were started anew, which have more
   * to read.
   */
  async turn(maxWaitMs?: number): Promise<number> {
    const { nowMs } = this.#options
    this.#moved()
    await this.#commitWritten()
    // Before more is asked for: what has no room again pauses what it came from.
    const { takenBack, waited } = await this.#intake.goOn()
    const polled = await this.#consumer.poll(takenBack > 0 ? 0 : (maxWaitMs ?? this.#untilCommitMs))
    // No transaction stays open while states are restored, which may take longer than one may.
    if (this.#tasks.isSuspendedDue && this.#openUntilMs < Infinity) await this.#beginCommit()
    // Of what is resumed just now, what was fetched is further on than where it is taken up.
    const resumed = await this.#tasks.resumeSuspended()
    if (this.#tasks.takeBegun()) await this.#beginCommit()
    const others = await this.#intake.processAll(polled.filter(({ partition }) => !resumed.includes(partition)))
    checkStateEntries(this.#tasks.all(), this.#options.maxStateEntries)
    if (nowMs() >= this.#commitDueMs) await this.#beginCommit()
    return takenBack + waited + polled.length + others + resumed.length
  }

  /** Writes all outputs, and commits the offsets that they are the outputs of. */
  async commit(): Promise<void> {
    let hasWaiting: boolean
    do {
      // What waits for room, or for its write, is processed in part, and takes part when that has ended.
      hasWaiting = this.#tasks.all().some((task) => this.#writes.holds(task))
      await this.#beginCommit()
      await this.#writes.settled()
      await this.#commitWritten()
    } while (hasWaiting)
  }

  async #process(task: Task, batch: RecordBatch): Promise<RecordBatch | undefined> {
    const { nowMs, maxSinkRecords } = this.#options
    const rest = await task.process(batch)
    // What waits for a sink may wait for longer than a transaction may be open; so may batches, of a task whose commit has failed for that.
    const mayBeOpen = this.#topology.sinks.length === 0 && !this.#tasks.isFailing(task)
    if (mayBeOpen && this.#guarantee.sendAhead(task)) {
      this.#openUntilMs = Math.min(this.#openUntilMs, nowMs() + MAX_OPEN_MS)
    }
    while (this.#isFull && (await this.#guarantee.acknowledged()));
    const isOld = nowMs() >= this.#openUntilMs
    if (isOld || this.#isFull || this.#sinkRecords > maxSinkRecords) await this.#beginCommit()
    return rest
  }

  /** Outputs take what they may. */
  get #isFull(): boolean {
    return this.#heldBytes > this.#options.maxBufferedBytes * SHARE_OF_HELD
  }

  /** They do, with what is kept for tasks that wait: of each of many partitions a batch may come before it is paused. */
  get #hasNoRoom(): boolean {
    return this.#heldBytes + this.#intake.keptBytes > this.#options.maxBufferedBytes * SHARE_OF_HELD
  }

  /** Commits tasks that have nothing for external sinks. For the others a write begins, and they wait for it. */
  async #beginCommit(): Promise<void> {
    const { nowMs, commitIntervalMs } = this.#options
    this.#nextCommitMs = nowMs() + commitIntervalMs
    this.#openUntilMs = Infinity
    // Those that wait for room have their turn when what takes it is written.
    const tasks = this.#tasks.all().filter((task) => !this.#writes.holds(task))
    for (const task of tasks) task.beforeCommit()
    const writing = this.#writes.begin(tasks)
    await this.#tasks.suspend(await this.#guarantee.commit(tasks.filter((task) => !writing.includes(task))))
  }

  /** Commits tasks whose writes have ended. */
  async #commitWritten(): Promise<void> {
    const { written, failed, batches } = this.#writes.take()
    if (written.length + failed.length === 0) return
    this.#intake.takeBack(batches)
    await this.#tasks.suspend([...failed, ...(await this.#guarantee.commit(written))])
  }

  /** Ends a start, and a turn that waits for records or reads state back, which no later one does. To be closed then. */
  stop(): void {
    this.#stopping.abort()
    this.#consumer.wakeup()
  }

  /** Leaves the group after a last commit (but not after an error, which may have left results half-written). */
  async close(options: { commit: boolean }): Promise<void> {
    if (options.commit) await this.commit()
    await this.#consumer.close()
    await this.#guarantee.close()
    for (const sink of this.#topology.sinks) await sink.close?.()
  }

  partitions(): PartitionHealth[] {
    return this.#tasks.partitions().map((part) => ({ ...part, endOffset: this.#consumer.endOffset(part) }))
  }

  /** How much state there is, by name, over all tasks. */
  stateEntries(): ReadonlyMap<string, number> {
    return stateEntriesOf(this.#tasks.all())
  }

  /** What a table holds in memory, over all tasks; undefined where there is none of this name. */
  tableEntries(name: string): StateEntry[] | undefined {
    return tableEntriesOf(this.#tasks.all(), name)
  }

  /** True once the group has given this member its partitions, be it none, and their state is rebuilt. */
  get ready(): boolean {
    return this.#tasks.isComplete && this.partitions().every(({ rebuilding }) => !rebuilding)
  }

  /**
   * True while the loop turns and the group answers heartbeats, where it is a member of one. Records of a long batch and of a restore
   * count as turning, and so does waiting for a sink that is away.
   */
  isLive(maxSilenceMs: number): boolean {
    const isMoving = this.#writes.isUnderWay || this.#options.nowMs() - this.#movedMs < maxSilenceMs
    return isMoving && (this.#consumer.heartbeatAgeMs() ?? 0) < maxSilenceMs
  }

  #moved(): void {
    this.#movedMs = this.#options.nowMs()
  }

  /** What is held in memory between the broker and the outputs, in bytes; of records for external sinks, estimated. */
  get bufferedBytes(): number {
    return this.#consumer.bufferedBytes() + this.#intake.keptBytes + this.#heldBytes
  }

  /** True while tasks wait for external sinks. */
  get isWriting(): boolean {
    return this.#tasks.all().some((task) => this.#writes.isWriting(task))
  }

  get #commitDueMs(): number {
    return Math.min(this.#nextCommitMs, this.#openUntilMs)
  }

  get #untilCommitMs(): number {
    const isDirty = this.#heldBytes > 0 || this.#openUntilMs < Infinity
    return isDirty ? Math.max(0, this.#commitDueMs - this.#options.nowMs()) : IDLE_POLL_MS
  }

  get #heldBytes(): number {
    let bytes = 0
    for (const { collector, sinks } of this.#tasks.all()) bytes += collector.bufferedBytes + sinks.bytes
    return bytes
  }

  get #sinkRecords(): number {
    let records = 0
    for (const { sinks } of this.#tasks.all()) records += sinks.records
    return records
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.commit()
    this.#intake.clear()
    this.#tasks.unassigned(partitions)
  }

  async #lost(partitions: readonly TopicPartition[]): Promise<void> {
    this.#options.logger.warn(
      { partitions: partitions.length },
      'partitions lost: the group went on without this member',
    )
    await this.#writes.settled()
    await this.#tasks.suspend(this.#writes.take().failed)
    this.#intake.clear()
    await this.#tasks.lost(partitions)
  }

  #newGuarantee(): Guarantee {
    const { guarantee, kafka, compression, maxBatchBytes, logger } = this.#options
    const topics = [...this.#topology.outputTopics, this.deadLetterTopic]
    const newTask = (partition: number, collector: RecordCollector) => this.#newTask(partition, collector)
    if (guarantee === 'at-least-once') {
      return new AtLeastOnce({
        producer: kafka.producer({ compression }),
        consumer: this.#consumer,
        topics,
        maxBatchBytes,
        logger,
        newTask,
      })
    }
    return new ExactlyOnce({ ...this.#options, consumer: this.#consumer, topics, newTask })
  }

  #newTask(partition: number, collector: RecordCollector): Task {
    const { guarantee, maxOpenWindows, recordDeadlineMs, skip, logger, nowMs } = this.#options
    return new Task({
      topology: this.#topology,
      partition,
      collector,
      deadLetterTopic: this.deadLetterTopic,
      maxOpenWindows,
      hasChangelog: guarantee === 'exactly-once',
      counters: this.counters,
      logger,
      skip,
      deadlineMs: recordDeadlineMs,
      pause: () => {
        this.#moved()
        return this.#consumer.nextTurn()
      },
      nowMs,
    })
  }
}
