import type { ConsumerPort } from './ports.ts'
import type { RecordBatch } from './record-batch.ts'
import type { Task } from './task.ts'

/**
 * What others may have processed, in batches and in sizes of the batch that waits for them, before it goes all the same: where their time does not
 * pass, or that of the one that waits is far off, nothing waits for ever.
 */
const MAX_OVERTAKEN = 1_000

/**
 * Batches of tasks with several sources, each until its source may go on (`SourceOrder`), or has waited for long. A source that waits
 * with records in hand is paused, so that not more than a poll's come of it.
 */
export class SourceTurns {
  readonly #consumer: Pick<ConsumerPort, 'pause' | 'resume' | 'hasMore'>
  readonly #kept = new Map<Task, RecordBatch[]>()
  /** What has gone before the first of those that a task keeps. */
  readonly #overtaken = new Map<Task, { batches: number; bytes: number }>()
  #keptBytes = 0

  constructor(consumer: Pick<ConsumerPort, 'pause' | 'resume' | 'hasMore'>) {
    this.#consumer = consumer
  }

  /** What waits, in bytes. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Tasks with batches that wait. */
  tasks(): Task[] {
    return [...this.#kept.keys()]
  }

  add(task: Task, batch: RecordBatch): void {
    const kept = this.#kept.get(task)
    if (kept === undefined) this.#kept.set(task, [batch])
    else kept.push(batch)
    this.#keptBytes += batch.records.length
  }

  /** What is left of a batch that a source could go on with for a part only: its next. */
  putBack(task: Task, batch: RecordBatch): void {
    this.#kept.get(task)?.unshift(batch)
    this.#keptBytes += batch.records.length
  }

  /** Takes the next batch that may be processed. */
  next(task: Task): RecordBatch | undefined {
    const kept = this.#kept.get(task) ?? []
    const index = kept.findIndex(({ topic }) => task.mayGoOn(topic, (other) => this.hasRecords(task, other)))
    if (index < 0) return undefined
    const [next] = kept.splice(this.#hasWaitedEnough(task, kept, index) ? 0 : index, 1)
    this.#keptBytes -= next?.records.length ?? 0
    return next
  }

  /** Counts a batch that goes before the first one. */
  #hasWaitedEnough(task: Task, kept: readonly RecordBatch[], index: number): boolean {
    const [first, next] = [kept[0], kept[index]]
    if (index === 0 || first === undefined || next === undefined) {
      this.#overtaken.delete(task)
      return true
    }
    // A table is never waited for.
    if (task.tableTopics.includes(next.topic)) return false
    const { batches, bytes } = this.#overtaken.get(task) ?? { batches: 0, bytes: 0 }
    const isEnough = batches >= MAX_OVERTAKEN && bytes >= MAX_OVERTAKEN * first.records.length
    if (isEnough && !task.order.isRebuilding) {
      this.#overtaken.delete(task)
      return true
    }
    this.#overtaken.set(task, { batches: batches + 1, bytes: bytes + next.records.length })
    return false
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
    for (const { records } of this.#kept.get(task) ?? []) this.#keptBytes -= records.length
    this.#kept.delete(task)
    this.#overtaken.delete(task)
    this.#consumer.resume(task.positions())
  }

  /** Drops all, where partitions are read anew. */
  clear(): void {
    this.#kept.clear()
    this.#keptBytes = 0
    this.#overtaken.clear()
  }
}
