import { StreamsError } from './errors.ts'
import type { FailedCommit, Guarantee } from './guarantee.ts'
import type { ConsumerPort, ProducerPort } from './ports.ts'
import { RecordCollector } from './record-collector.ts'
import type { StreamsLogger } from './run-options.ts'
import type { Task } from './task.ts'

export interface AtLeastOnceOptions {
  readonly producer: ProducerPort
  readonly consumer: Pick<ConsumerPort, 'commit' | 'committed'>
  readonly topics: readonly string[]
  readonly maxBatchBytes: number
  readonly logger: StreamsLogger
  newTask(partition: number, collector: RecordCollector): Task
}

/** Outputs first, offsets after: what was written since the last commit is written again after a crash. */
export class AtLeastOnce implements Guarantee {
  readonly #options: AtLeastOnceOptions

  constructor(options: AtLeastOnceOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { producer, topics, newTask } = this.#options
    for (const topic of topics) await producer.partitionCount(topic)
    newTask(0, new RecordCollector(producer)) // throws what the topology has that this guarantee can't do
  }

  async open(partitions: readonly number[]): Promise<Task[]> {
    const { producer, topics, newTask } = this.#options
    return Promise.all(
      partitions.map(async (partition) => {
        const collector = new RecordCollector(producer, this.#options)
        for (const topic of topics) await collector.open(topic)
        return newTask(partition, collector)
      }),
    )
  }

  /** Nothing to do: state is rebuilt by reading the input again. */
  async restore(): Promise<[]> {
    return []
  }

  restoring(): [] {
    return []
  }

  /** A task whose offsets are what this member has committed is as good as one that is rebuilt from them. */
  async keep(tasks: readonly Task[]): Promise<Task[]> {
    const committed = await this.#options.consumer.committed(tasks.flatMap((task) => task.positions()))
    return tasks.filter((task) => task.progress.isLastCommit(committed))
  }

  mayStay(): boolean {
    return true
  }

  /** Outputs leave with the commit. */
  sendAhead(): boolean {
    return false
  }

  async acknowledged(): Promise<boolean> {
    return false
  }

  async commit(tasks: readonly Task[]): Promise<FailedCommit[]> {
    const { producer, consumer, logger } = this.#options
    const batches = tasks.flatMap((task) => task.collector.batches())
    if (batches.length > 0) await producer.send(batches)
    for (const task of tasks) task.collector.clear()
    const changed = tasks.map((task) => ({ task, offsets: task.progress.offsetsToCommit() }))
    const offsets = changed.flatMap((entry) => entry.offsets)
    if (offsets.length === 0) return []
    try {
      await consumer.commit(offsets)
    } catch (error) {
      // The group has moved on: the next poll says what is lost. The new owner repeats what this commit would have covered.
      if (!(error instanceof StreamsError) || error.code !== 'group-lost') throw error
      logger.warn({ err: error }, 'offsets not committed: the group is rebalancing')
      return []
    }
    for (const entry of changed) entry.task.progress.committed(entry.offsets)
    return []
  }

  async drop(): Promise<void> {}

  async close(): Promise<void> {
    await this.#options.producer.close()
  }
}
