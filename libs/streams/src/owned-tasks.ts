import type { ExternalSink } from './external-sink.ts'
import { FailedCommits, type CommitFailures } from './failed-commits.ts'
import type { FailedCommit, Guarantee } from './guarantee.ts'
import type { RestoreProgress } from './changelog.ts'
import type { ConsumerPort, KafkaPorts, TopicPartition } from './ports.ts'
import { orAborted } from './or-aborted.ts'
import type { StreamsLogger } from './run-options.ts'
import { loadTables } from './table-loading.ts'
import type { TaskPosition } from './task-source.ts'
import type { Task } from './task.ts'

export interface OwnedTasksOptions {
  readonly guarantee: Guarantee
  readonly consumer: Pick<ConsumerPort, 'committed' | 'seek'>
  readonly kafka: Pick<KafkaPorts, 'logReader'>
  /** Topics of which a task reads its partition. */
  readonly sourceTopics: readonly string[]
  readonly sinks: readonly ExternalSink<never>[]
  /** Of a partition that nothing is known of. */
  readonly startAt: 'earliest' | 'latest'
  readonly logger: StreamsLogger
  /** Nothing is opened once it aborts: what is being read back is left, and its tasks are dropped. Who has the partitions next begins that anew. */
  readonly signal: AbortSignal
  nowMs(): number
  /** Told of each piece of what tasks have to read before they run, which may be a lot. */
  onProgress(): void
}

/** What a member can say of a partition that is its own, whether its task runs or not. */
export interface PartitionState {
  /**
   * `restoring`: what it had is being read back. `suspended`: a commit has failed, the task starts anew in a while. `waiting`: the group divides its
   * partitions anew.
   */
  readonly status: 'running' | 'restoring' | 'suspended' | 'waiting'
  /** Commits that have failed since the last one that did not; undefined while there are none. */
  readonly failing: CommitFailures | undefined
  /** How far the states of its task are restored from their changelogs; none when that is done. */
  readonly restoring: readonly RestoreProgress[]
}

/**
 * The tasks of this member, from one division of the group's partitions to the next. While the group rebalances they stay in
 * memory; those that come back go on with the state that they have, if nobody else has written for them in between.
 */
export class OwnedTasks {
  readonly #options: OwnedTasksOptions
  readonly #running = new Map<number, Task>()
  /** Not run while the group divides its partitions anew. */
  readonly #waiting = new Map<number, Task>()
  /** Partitions whose task starts anew, when, and how far it had come. */
  readonly #suspended = new Map<number, { readonly atMs: number; readonly positions: readonly TaskPosition[] }>()
  /**
   * Where partitions began that had no commit when they were assigned, by topic and partition. A task that starts anew before there is one begins there
   * again: what a topic's end is by then is further on.
   */
  readonly #starts = new Map<string, number>()
  readonly #failures = new FailedCommits()
  #assigned = false
  #hasBegun = false

  constructor(options: OwnedTasksOptions) {
    this.#options = options
  }

  /** The tasks that run. */
  all(): Task[] {
    return [...this.#running.values()]
  }

  get(partition: number): Task | undefined {
    return this.#running.get(partition)
  }

  /** All partitions of this member, by how far their tasks are: those too whose task does not run. */
  partitions(): (TaskPosition & PartitionState)[] {
    const { guarantee } = this.#options
    const described = (partition: number, positions: readonly TaskPosition[], state: Omit<PartitionState, 'failing'>) =>
      positions.map((position) => ({ ...position, ...state, failing: this.#failures.of(partition, positions) }))
    return [
      ...this.all().flatMap((task) => {
        const positions = task.positions()
        const restoring = guarantee.restoring(task)
        const isRestoring = restoring.length > 0 || positions.some(({ rebuilding }) => rebuilding)
        return described(task.partition, positions, { status: isRestoring ? 'restoring' : 'running', restoring })
      }),
      ...[...this.#suspended].flatMap(([partition, { positions }]) =>
        described(partition, positions, { status: 'suspended', restoring: [] }),
      ),
      ...[...this.#waiting.values()].flatMap((task) =>
        described(task.partition, task.positions(), { status: 'waiting', restoring: [] }),
      ),
    ]
  }

  /** True from a commit of the task that has failed to its next one that has not. */
  isFailing(task: Task): boolean {
    return this.#failures.of(task.partition, task.positions()) !== undefined
  }

  /** True once this member has its partitions, be it none, and all of their tasks run, with their state restored. */
  get isComplete(): boolean {
    return this.#assigned && this.#suspended.size === 0
  }

  /** Takes up what was assigned, beside what runs already. Of the tasks that waited, those that are not among it are dropped. */
  async assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { guarantee, logger } = this.#options
    const numbers = numbersOf(partitions)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    const kept = await guarantee.keep(waiting.filter(({ partition }) => numbers.includes(partition)))
    await guarantee.drop(waiting.filter((task) => !kept.includes(task)))
    for (const task of kept) this.#goOn(task)
    const added = numbers.filter((number) => !this.#running.has(number))
    await this.#open(added)
    this.#assigned = true
    logger.info({ partitions: partitions.length, kept: kept.length, opened: added.length }, 'partitions assigned')
  }

  /** Stops running tasks whose partitions may go to others. */
  unassigned(partitions: readonly TopicPartition[]): void {
    this.#assigned = false
    for (const number of numbersOf(partitions)) {
      this.#suspended.delete(number)
      const task = this.#running.get(number)
      if (task !== undefined) this.#waiting.set(number, task)
      this.#running.delete(number)
    }
  }

  /**
   * Stops tasks whose partitions others may have already. Those that can't go on whatever comes are dropped now: the group may take long to
   * divide its partitions, and what they have sent ahead holds up readers until its transaction ends. It is aborted under their own epoch, which is
   * refused where a new owner is there, and not at all where a request may still arrive; initialising the producer would end it for certain,
   * but would take the task back from a new owner.
   */
  async lost(partitions: readonly TopicPartition[]): Promise<void> {
    const { guarantee } = this.#options
    this.unassigned(partitions)
    const gone = [...this.#waiting.values()].filter((task) => !guarantee.mayStay(task))
    for (const { partition } of gone) this.#waiting.delete(partition)
    await guarantee.drop(gone)
  }

  /** Drops tasks that can't go on as they are, to be started anew by `resumeSuspended`. Throws after too many failures in a row. */
  async suspend(failed: readonly FailedCommit[]): Promise<void> {
    const { nowMs, guarantee } = this.#options
    for (const commit of failed) {
      const { task } = commit
      this.#running.delete(task.partition)
      this.#suspended.set(task.partition, {
        atMs: this.#failures.add(commit, nowMs()),
        positions: task.positions(),
      })
      await guarantee.drop([task])
    }
  }

  /** True, once, where partitions begin at their ends: to be committed before anything of them is processed, or a start after a crash would begin later. */
  takeBegun(): boolean {
    const hasBegun = this.#hasBegun
    this.#hasBegun = false
    return hasBegun
  }

  /** True where `resumeSuspended` has something to do. */
  get isSuspendedDue(): boolean {
    const { nowMs } = this.#options
    return [...this.#suspended.values()].some(({ atMs }) => atMs <= nowMs())
  }

  /** Starts tasks anew whose commit had failed. Returns their partitions: what was fetched of them before is to be left out. */
  async resumeSuspended(): Promise<readonly number[]> {
    const { nowMs } = this.#options
    const due = [...this.#suspended].filter(([, { atMs }]) => atMs <= nowMs()).map(([partition]) => partition)
    if (due.length === 0) return due
    for (const partition of due) this.#suspended.delete(partition)
    await this.#open(due)
    return due
  }

  /** Runs a task again that stayed in memory, from where it was. */
  #goOn(task: Task): void {
    this.#running.set(task.partition, task)
    for (const { topic, partition, position } of task.positions()) {
      // One that has read nothing yet has no position.
      const offset = position > 0 ? position : this.#starts.get(nameOf({ topic, partition }))
      if (offset !== undefined) this.#options.consumer.seek({ topic, partition }, offset)
    }
  }

  /** Opens tasks: first nobody else can commit for them, then it is read what was committed, then their state. */
  async #open(numbers: readonly number[]): Promise<void> {
    const { guarantee, logger, signal } = this.#options
    if (numbers.length === 0 || signal.aborted) return
    const tasks = await guarantee.open(numbers)
    for (const task of tasks) this.#running.set(task.partition, task)
    try {
      await orAborted(signal, () => this.#takeUp(tasks, numbers))
    } catch (error) {
      if (error !== signal.reason) throw error
      logger.info({ partitions: numbers }, 'stopped while state was restored: the next start restores it')
      for (const { partition } of tasks) this.#running.delete(partition)
      await guarantee.drop(tasks)
    }
  }

  async #takeUp(tasks: readonly Task[], numbers: readonly number[]): Promise<void> {
    const { guarantee, consumer, logger, signal, onProgress } = this.#options
    const unknown = new Map(this.#partitionsOf(numbers).map((partition) => [nameOf(partition), partition]))
    for (const committed of await consumer.committed([...unknown.values()])) {
      const { topic, partition } = committed
      unknown.delete(nameOf(committed))
      const offset = this.#running.get(partition)?.progress.resume(committed) ?? committed.offset
      consumer.seek(committed, offset)
      logger.info({ topic, partition, offset }, 'partition taken up where it was committed')
    }
    await this.#begin([...unknown.values()])
    await this.#askSinks(tasks)
    const tell = () => {
      signal.throwIfAborted()
      onProgress()
    }
    const failed = await guarantee.restore(tasks, tell)
    await this.suspend(failed)
    const restored = tasks.filter((task) => failed.every((failure) => failure.task !== task))
    await loadTables(restored, { ...this.#options, onProgress: tell })
    for (const task of restored) task.restored()
  }

  /** Sinks that hold their offsets say how far they are. */
  async #askSinks(tasks: readonly Task[]): Promise<void> {
    const { sinks, consumer, logger } = this.#options
    const partitions = this.#partitionsOf(tasks.map(({ partition }) => partition))
    const answers = await Promise.all(
      sinks.map(async (sink) => ({ sink, offsets: (await sink.loadOffsets?.(partitions)) ?? [] })),
    )
    for (const { topic, partition } of partitions) {
      const known = answers.flatMap(({ sink, offsets }) => {
        const found = offsets.find((offset) => offset.topic === topic && offset.partition === partition)
        return found === undefined ? [] : [[sink, found.offset] as const]
      })
      const offset = this.#running.get(partition)?.progress.resumeSinks(topic, new Map(known))
      if (offset === undefined) continue
      consumer.seek({ topic, partition }, offset)
      logger.info({ topic, partition, offset }, 'partition taken up where its sinks are')
    }
  }

  #partitionsOf(numbers: readonly number[]): TopicPartition[] {
    return this.#options.sourceTopics.flatMap((topic) => numbers.map((partition) => ({ topic, partition })))
  }

  /** Puts partitions without a commit where they began, or begin now. */
  async #begin(partitions: readonly TopicPartition[]): Promise<void> {
    const { kafka, consumer, startAt } = this.#options
    const fresh = partitions.filter((partition) => !this.#starts.has(nameOf(partition)))
    if (fresh.length > 0) {
      const reader = kafka.logReader()
      try {
        for (const [topic, ofTopic] of Map.groupBy(fresh, (partition) => partition.topic)) {
          const logs = await reader.offsets(topic)
          for (const { partition } of ofTopic) {
            const { startOffset = 0, endOffset = 0 } = logs[partition] ?? {}
            this.#starts.set(nameOf({ topic, partition }), startAt === 'latest' ? endOffset : startOffset)
          }
        }
      } finally {
        await reader.close()
      }
    }
    for (const partition of partitions) {
      const offset = this.#starts.get(nameOf(partition)) ?? 0
      consumer.seek(partition, offset)
      if (startAt !== 'latest') continue
      this.#running.get(partition.partition)?.progress.begin(partition, offset)
      this.#hasBegun = true
    }
  }
}

function numbersOf(partitions: readonly TopicPartition[]): number[] {
  return [...new Set(partitions.map(({ partition }) => partition))]
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
