import type { OwnedTasks } from './owned-tasks.ts'
import type { ConsumerPort } from './ports.ts'
import type { RecordBatch } from './record-batch.ts'
import type { SinkWrites } from './sink-writes.ts'
import { SourceTurns } from './source-turns.ts'
import type { Task } from './task.ts'

export interface TaskIntakeOptions {
  readonly consumer: ConsumerPort
  readonly tasks: Pick<OwnedTasks, 'get' | 'all'>
  readonly writes: SinkWrites
  /** Processes a batch, and returns what of it has to wait for other sources. The task may be stopped by that. */
  process(task: Task, batch: RecordBatch): Promise<RecordBatch | undefined>
  /** True if nothing may be added to what is held in memory. */
  hasNoRoom(): boolean
  readonly nowMs: () => number
}

/**
 * Where fetched batches go: to their task at once, or when it is the turn of their source, or when what the task has for external sinks
 * is written.
 */
export class TaskIntake {
  readonly #options: TaskIntakeOptions
  readonly #turns: SourceTurns
  /** What has come for tasks while they waited for a sink, to be processed next. */
  #written: RecordBatch[] = []

  constructor(options: TaskIntakeOptions) {
    this.#options = options
    this.#turns = new SourceTurns(options)
  }

  /** What waits, in bytes. */
  get keptBytes(): number {
    return this.#options.writes.keptBytes + this.#turns.keptBytes
  }

  /** Takes back what has waited for writes that have ended. */
  takeBack(batches: readonly RecordBatch[]): void {
    this.#written.push(...batches)
  }

  /** Processes what has been taken back. Returns how many batches there were, and how many that had waited for other sources. */
  async goOn(): Promise<{ readonly takenBack: number; readonly waited: number }> {
    const batches = this.#written.splice(0)
    return { takenBack: batches.length, waited: await this.processAll(batches) }
  }

  /** Returns how many batches there were that had waited for other sources. */
  async processAll(batches: readonly RecordBatch[]): Promise<number> {
    const { tasks, writes, process } = this.#options
    for (const batch of batches) {
      const task = tasks.get(batch.partition)
      if (task === undefined) continue // suspended
      this.#waitForRoom()
      if (writes.holds(task)) writes.keep(task, batch)
      else if (task.order.matters) this.#turns.add(task, batch)
      else await process(task, batch)
    }
    let waited = 0
    for (const task of this.#turns.tasks()) waited += await this.#processInTurn(task)
    this.#endRebuilding()
    return waited
  }

  /** Drops all that waits, where partitions are read anew. */
  clear(): void {
    this.#written = []
    this.#turns.clear()
  }

  /** What is being written makes room when it has ended; until then nothing may be added to it. */
  #waitForRoom(): void {
    const { tasks, writes, hasNoRoom } = this.#options
    if (writes.isUnderWay && hasNoRoom()) writes.pause(tasks.all())
  }

  /** Processes what may be processed of a task with several sources. */
  async #processInTurn(task: Task): Promise<number> {
    const { tasks, writes, process, hasNoRoom } = this.#options
    const isRunning = () => tasks.get(task.partition) === task
    let count = 0
    for (;;) {
      this.#waitForRoom()
      if (!isRunning() || writes.holds(task)) break
      const batch = this.#turns.next(task)
      if (batch === undefined) break
      count++
      const rest = await process(task, batch)
      if (rest !== undefined) this.#turns.putBack(task, rest)
    }
    if (!isRunning()) this.#turns.drop(task)
    // Where a sink is written all of its partitions are paused, until that has ended.
    else if (!writes.holds(task)) this.#turns.pauseWaiting(task, { hasNoRoom: hasNoRoom() })
    return count
  }

  /** Of what waits for a sink it is not known yet what it rebuilds. */
  #endRebuilding(): void {
    const { tasks, writes } = this.#options
    for (const task of tasks.all()) {
      if (!task.order.isRebuilding || writes.holds(task)) continue
      task.order.endRebuilding((topic) => this.#turns.hasRecords(task, topic))
    }
  }
}
