import { Changelog, changelogDefinition, type RestoreProgress } from './changelog.ts'
import { StreamsError } from './errors.ts'
import type { FailedCommit, Guarantee } from './guarantee.ts'
import type {
  Compression,
  ConsumerPort,
  KafkaPorts,
  LogReaderPort,
  ProducerOwnership,
  TransactionalProducerPort,
} from './ports.ts'
import { RecordCollector, type RecordWriter } from './record-collector.ts'
import type { StreamsLogger } from './run-options.ts'
import type { Task } from './task.ts'

export interface ExactlyOnceOptions {
  readonly applicationId: string
  readonly kafka: KafkaPorts
  readonly consumer: Pick<ConsumerPort, 'committed'>
  readonly topics: readonly string[]
  readonly commitIntervalMs: number
  readonly compression: Compression
  readonly maxBatchBytes: number
  /** A transaction may be open while a record takes this long. */
  readonly recordDeadlineMs: number
  readonly logger: StreamsLogger
  nowMs(): number
  newTask(partition: number, collector: RecordCollector): Task
}

interface OwnedTask {
  readonly task: Task
  readonly producer: TransactionalProducerPort
  readonly changelogs: readonly Changelog[]
  ownership: ProducerOwnership
  /** Since the last commit: a transaction was begun, and records were sent. */
  hasBegun: boolean
  hasSent: boolean
  /** What was sent ahead and is not acknowledged yet. */
  readonly underWay: Set<Promise<void>>
}

/** What was sent ahead of a commit is committed within this time, however long the interval is. */
export const MAX_OPEN_MS = 15_000
/** What a commit may take, such as one that is repeated while a broker starts again. */
const COMMIT_MS = 15_000
/** Brokers refuse more, as they are set up by default. */
const MAX_TRANSACTION_TIMEOUT_MS = 900_000

/** Commits further apart are no matter of milliseconds: all is told at the commit. */
const MAX_INTERVAL_MS = 10_000
/** Between two lines of the log about a restore that takes long. */
const TELL_EVERY_MS = 5_000

/** Whose producer was the last to be initialised with it owns the task of the partition. */
export function transactionalIdOf(applicationId: string, partition: number): string {
  // One sub-topology so far: its number is part of the id, so that more of them can follow.
  return `${applicationId}.0.${partition}`
}

/**
 * One transaction per task and commit: outputs, changelog, dead letters and offsets become visible together. Each task has a
 * transactional producer of its own; opening it fences the task's earlier owner before anything of the task is read.
 */
export class ExactlyOnce implements Guarantee {
  readonly #options: ExactlyOnceOptions
  readonly #reader: LogReaderPort
  readonly #owned = new Map<Task, OwnedTask>()

  constructor(options: ExactlyOnceOptions) {
    this.#options = options
    this.#reader = options.kafka.logReader()
  }

  async start(partitionCount: number): Promise<void> {
    const { applicationId, kafka, topics } = this.#options
    for (const topic of topics) await this.#reader.partitionCount(topic)
    // What states a topology has is known by making a task of it.
    const states = this.#newTask(0).states.map(({ name }) => name)
    await kafka.ensureTopics(states.map((state) => changelogDefinition(applicationId, state, partitionCount)))
  }

  async open(partitions: readonly number[]): Promise<Task[]> {
    const owned = await Promise.all(partitions.map((partition) => this.#open(partition)))
    for (const entry of owned) this.#owned.set(entry.task, entry)
    return owned.map(({ task }) => task)
  }

  async restore(tasks: readonly Task[], onProgress: () => void): Promise<FailedCommit[]> {
    const { logger, nowMs } = this.#options
    const startedMs = nowMs()
    let toldMs = startedMs
    const tell = () => {
      onProgress()
      if (nowMs() - toldMs < TELL_EVERY_MS) return
      toldMs = nowMs()
      for (const task of tasks) {
        for (const progress of this.restoring(task)) {
          logger.info({ partition: task.partition, ...progress }, 'state is being restored')
        }
      }
    }
    let entries = 0
    const outcomes = await Promise.all(
      tasks.map(async (task) => {
        const restored = await this.#restore(task, tell)
        for (const count of restored.values()) entries += count
        return this.#checkOffsets(task, restored)
      }),
    )
    logger.info({ tasks: tasks.length, entries, tookMs: nowMs() - startedMs }, 'state restored from changelogs')
    return outcomes.filter((outcome) => outcome !== undefined)
  }

  restoring(task: Task): RestoreProgress[] {
    const changelogs = this.#owned.get(task)?.changelogs ?? []
    return changelogs.flatMap(({ progress }) => progress ?? [])
  }

  async keep(tasks: readonly Task[]): Promise<Task[]> {
    const kept = await Promise.all(tasks.map(async (task) => ((await this.#isStillOwner(task)) ? task : undefined)))
    return kept.filter((task) => task !== undefined)
  }

  /** Records that were sent ahead of a commit that has not come are gone, and the task no longer has them. */
  mayStay(task: Task): boolean {
    return this.#owned.get(task)?.hasSent === false
  }

  /**
   * What a commit has to tell the broker first is told with the first records after the one before. Full batches leave at once.
   * Smaller ones gain nothing by it: they go out together at the commit.
   */
  sendAhead(task: Task): boolean {
    const owned = this.#owned.get(task)
    if (owned === undefined) return false
    this.#begin(owned)
    const full = task.collector.take()
    if (full === undefined) return owned.hasBegun
    owned.hasSent = true
    const sending = owned.producer
      .send(full.batches)
      // Of a failure the commit hears too.
      .then(full.release, () => undefined)
      .finally(() => owned.underWay.delete(sending))
    owned.underWay.add(sending)
    return true
  }

  #begin(owned: OwnedTask): void {
    const { applicationId, commitIntervalMs } = this.#options
    // A transaction is not open for longer than it takes to the next commit, which comes where there are offsets to commit.
    if (owned.hasBegun || commitIntervalMs > MAX_INTERVAL_MS || owned.task.progress.offsetsToCommit().length === 0)
      return
    owned.hasBegun = true
    owned.producer.begin(applicationId)
  }

  async acknowledged(): Promise<boolean> {
    // Not of tasks that were dropped: nothing that is held is freed by an answer to them, which may take long to come.
    const underWay = [...this.#owned.values()].flatMap((owned) => [...owned.underWay])
    if (underWay.length === 0) return false
    await Promise.race(underWay)
    return true
  }

  async commit(tasks: readonly Task[]): Promise<FailedCommit[]> {
    const outcomes = await Promise.all(tasks.map((task) => this.#commit(task)))
    return outcomes.filter((outcome) => outcome !== undefined)
  }

  async drop(tasks: readonly Task[]): Promise<void> {
    await Promise.all(
      tasks.map(async (task) => {
        await this.#owned.get(task)?.producer.close()
        this.#owned.delete(task)
      }),
    )
  }

  async close(): Promise<void> {
    await this.drop([...this.#owned.keys()])
    await this.#reader.close()
  }

  async #open(partition: number): Promise<OwnedTask> {
    const { applicationId, kafka, topics, compression, recordDeadlineMs } = this.#options
    const producer = kafka.transactionalProducer({
      transactionalId: transactionalIdOf(applicationId, partition),
      transactionTimeoutMs: Math.min(MAX_OPEN_MS + recordDeadlineMs + COMMIT_MS, MAX_TRANSACTION_TIMEOUT_MS),
      compression,
    })
    const ownership = await producer.init()
    const task = this.#newTask(partition)
    const { collector } = task
    const changelogs = task.states.map((state) => new Changelog({ applicationId, state, partition }))
    for (const topic of [...topics, ...changelogs.map((changelog) => changelog.topic)]) await collector.open(topic)
    return { task, producer, changelogs, ownership, hasBegun: false, hasSent: false, underWay: new Set() }
  }

  /**
   * Initialises a task's producer again. The same id with the next epoch: nobody has done so in between, so nobody has written. Any
   * other answer is a no, such as after a transaction of this task's own that the broker has given up.
   */
  async #isStillOwner(task: Task): Promise<boolean> {
    const owned = this.#owned.get(task)
    if (owned === undefined || !this.mayStay(task)) return false
    const { producerId, epoch } = owned.ownership
    owned.ownership = await owned.producer.init()
    owned.hasBegun = false
    return owned.ownership.producerId === producerId && owned.ownership.epoch === epoch + 1
  }

  /** Returns how many entries each state has, by name. */
  async #restore(task: Task, onProgress: () => void): Promise<ReadonlyMap<string, number>> {
    const changelogs = this.#owned.get(task)?.changelogs ?? []
    const restoring = changelogs.map(
      async (changelog) => [changelog.state, await changelog.restore(this.#reader, onProgress)] as const,
    )
    return new Map(await Promise.all(restoring))
  }

  /** State without its offsets is refused, but where they have come since the task asked for them: then somebody else has taken it over. */
  async #checkOffsets(task: Task, restored: ReadonlyMap<string, number>): Promise<FailedCommit | undefined> {
    const { applicationId, consumer, logger } = this.#options
    const { partition } = task
    const [topic] = task.progress.topicsWithoutOffsets(restored)
    if (topic === undefined) return undefined
    const where = `topic ${topic} partition ${partition}`
    if (!task.progress.isLastCommit(await consumer.committed(task.positions()))) {
      const error = new StreamsError('fenced', `${where}: another member has committed since this one took it up`)
      logger.warn({ err: error, partition }, 'somebody else has taken the task over: it starts anew')
      return { task, reason: 'fenced', error }
    }
    throw new StreamsError(
      'offsets-lost',
      `application ${applicationId} has state of ${where}, but no longer the offset that was committed with it, ` +
        'and would count records twice: a reset was ended half-way, or all instances were stopped for longer than the brokers keep offsets ' +
        `(offsets.retention.minutes): reset the application (npm run operate -- reset --application ${applicationId})`,
    )
  }

  #newTask(partition: number): Task {
    const writer: RecordWriter = {
      partitionCount: (topic) => this.#reader.partitionCount(topic),
      send: () => Promise.reject(new StreamsError('protocol', 'records of a transaction are sent by its commit')),
    }
    const collector = new RecordCollector(writer, this.#options)
    return this.#options.newTask(partition, collector)
  }

  async #commit(task: Task): Promise<FailedCommit | undefined> {
    const { applicationId: groupId, logger, nowMs } = this.#options
    const owned = this.#owned.get(task)
    const offsets = task.progress.offsetsToCommit()
    if (owned === undefined || offsets.length === 0) return undefined
    // Of state that is being rebuilt, what has changed is written when it is back; where new sources begin is said at once.
    if (!task.order.isRebuilding) for (const changelog of owned.changelogs) changelog.write(task.collector, nowMs())
    try {
      await owned.producer.commit({ batches: task.collector.batches(), groupId, offsets })
    } catch (error) {
      // It was not committed, or that is not known: what is in memory can't be gone on with.
      if (!(error instanceof StreamsError) || !(error.retriable || error.code === 'fenced')) throw error
      logger.warn({ err: error, partition: task.partition }, 'transaction not committed: the task starts anew')
      return { task, reason: error.code === 'fenced' ? 'fenced' : 'unknown', error }
    }
    owned.hasBegun = false
    owned.hasSent = false
    task.collector.clear()
    task.progress.committed(offsets)
    return undefined
  }
}
