import type { ConsumerPort } from './ports.ts'
import type { RecordBatch } from './record-batch.ts'
import type { Task } from './task.ts'

/** So many batches of others may go before one that waits for them: where their time does not pass, nothing waits for ever. */
const MAX_OVERTAKEN = 1_000

/**
 * Batches of tasks with several sources, each until its source may go on (`SourceOrder`). A source that waits with records in hand is paused, so that not more
 * than a poll's come of it.
 */
export class SourceTurns {
  readonly #consumer: Pick<ConsumerPort, 'pause' | 'resume' | 'hasMore'>
  readonly #kept = new Map<Task, RecordBatch[]>()
  /** How many batches have gone before the first of those that a task keeps. */
  readonly #overtaken = new Map<Task, number>()

  constructor(consumer: Pick<ConsumerPort, 'pause' | 'resume' | 'hasMore'>) {
    this.#consumer = consumer
  }

  /** What waits, in bytes. */
  get keptBytes(): number {
    let bytes = 0
    for (const batches of this.#kept.values()) for (const { records } of batches) bytes += records.length
    return bytes
  }

  /** Tasks with batches that wait. */
  tasks(): Task[] {
    return [...this.#kept.keys()]
  }

  add(task: Task, batch: RecordBatch): void {
    const kept = this.#kept.get(task)
    if (kept === undefined) this.#kept.set(task, [batch])
    else kept.push(batch)
  }

  /** What is left of a batch that a source could go on with for a part only: its next. */
  putBack(task: Task, batch: RecordBatch): void {
    this.#kept.get(task)?.unshift(batch)
  }

  /** Takes the next batch that may be processed. */
  next(task: Task): RecordBatch | undefined {
    const kept = this.#kept.get(task) ?? []
    const index = kept.findIndex(({ topic }) => task.mayGoOn(topic, (other) => this.hasRecords(task, other)))
    if (index < 0) return undefined
    const overtaken = index === 0 ? 0 : (this.#overtaken.get(task) ?? 0) + 1
    const isOver = overtaken > MAX_OVERTAKEN && !task.order.isRebuilding
    this.#overtaken.set(task, isOver ? 0 : overtaken)
    return kept.splice(isOver ? 0 : index, 1)[0]
  }

  /** Pauses the sources that wait with records in hand, and no others. */
  pauseWaiting(task: Task): void {
    const kept = this.#kept.get(task) ?? []
    const waiting = new Set(kept.map(({ topic }) => topic))
    const positions = task.positions()
    this.#consumer.pause(positions.filter(({ topic }) => waiting.has(topic)))
    this.#consumer.resume(positions.filter(({ topic }) => !waiting.has(topic)))
    if (kept.length > 0) return
    this.#kept.delete(task)
    this.#overtaken.delete(task)
  }

  hasRecords(task: Task, topic: string): boolean {
    const { partition } = task
    return (
      this.#consumer.hasMore({ topic, partition }) || (this.#kept.get(task) ?? []).some((one) => one.topic === topic)
    )
  }

  /** Drops what waits for a task that runs no more. */
  drop(task: Task): void {
    this.#kept.delete(task)
    this.#overtaken.delete(task)
    this.#consumer.resume(task.positions())
  }

  /** Drops all, where partitions are read anew. */
  clear(): void {
    this.#kept.clear()
    this.#overtaken.clear()
  }
}
