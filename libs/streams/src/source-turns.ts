import type { ConsumerPort } from './ports.ts'
import type { RecordBatch } from './record-batch.ts'
import type { Task } from './task.ts'

/**
 * What others may have processed, in batches and in sizes of the batch that waits for them, before it goes all the same: where their time does not
 * pass, or that of the one that waits is far off, nothing waits for ever.
 */
const MAX_OVERTAKEN = 1_000
/** How long a source that has more is waited for while nothing of it comes, such as without a leader. */
const MAX_SILENCE_MS = 10_000

export interface SourceTurnsOptions {
  readonly consumer: Pick<ConsumerPort, 'pause' | 'resume' | 'seek' | 'hasMore'>
  readonly nowMs: () => number
}

/** What waits of one task. */
interface Waiting {
  batches: RecordBatch[]
  /** Topics of what had no room: it is fetched again when it is their turn. */
  readonly putOff: Set<string>
  /** Since when records of a topic are waited for that nothing has come of. */
  readonly silentSinceMs: Map<string, number>
  /** What has gone before the first batch. */
  overtaken: { readonly batches: number; readonly bytes: number }
}

const NOTHING = { batches: 0, bytes: 0 }

/**
 * Batches of tasks with several sources, each until its source may go on (`SourceOrder`), or has waited for long. A source that waits
 * with records in hand is paused, so that not more than a poll's come of it; where there is no room for these, they are fetched again later.
 */
export class SourceTurns {
  readonly #options: SourceTurnsOptions
  readonly #waiting = new Map<Task, Waiting>()
  #keptBytes = 0

  constructor(options: SourceTurnsOptions) {
    this.#options = options
  }

  /** What waits, in bytes. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Tasks with records that wait. */
  tasks(): Task[] {
    return [...this.#waiting.keys()]
  }

  add(task: Task, batch: RecordBatch): void {
    const waiting = this.#waitingOf(task)
    waiting.batches.push(batch)
    waiting.silentSinceMs.delete(batch.topic)
    this.#keptBytes += batch.records.length
  }

  /** What is left of a batch that a source could go on with for a part only: its next. */
  putBack(task: Task, batch: RecordBatch): void {
    this.#waitingOf(task).batches.unshift(batch)
    this.#keptBytes += batch.records.length
  }

  /** Takes the next batch that may be processed. */
  next(task: Task): RecordBatch | undefined {
    const { batches } = this.#waitingOf(task)
    const turn = batches.findIndex(({ topic }) => this.#mayGoOn(task, topic))
    const index = this.#hasWaitedEnough(task, batches[turn]) ? 0 : turn
    if (index < 0) return undefined
    const [next] = batches.splice(index, 1)
    if (next === undefined) return undefined
    this.#count(task, next, index)
    this.#keptBytes -= next.records.length
    return next
  }

  /** Pauses the sources that wait with records in hand, and no others. Without room for these the task lets them go. */
  pauseWaiting(task: Task, { hasNoRoom }: { readonly hasNoRoom: boolean }): void {
    const { consumer } = this.#options
    const waiting = this.#waitingOf(task)
    for (const topic of waiting.putOff) if (this.#mayGoOn(task, topic)) waiting.putOff.delete(topic)
    if (hasNoRoom) this.#putOff(waiting)
    const paused = new Set([...waiting.putOff, ...waiting.batches.map(({ topic }) => topic)])
    const positions = task.positions()
    consumer.pause(positions.filter(({ topic }) => paused.has(topic)))
    consumer.resume(positions.filter(({ topic }) => !paused.has(topic)))
    // Once a source is silent it is not waited for anew with each batch.
    if (paused.size === 0 && waiting.silentSinceMs.size === 0) this.#waiting.delete(task)
  }

  /** True if the broker has more records than were processed. */
  hasRecords(task: Task, topic: string): boolean {
    const { partition } = task
    return this.#isInHand(task, topic) || this.#options.consumer.hasMore({ topic, partition })
  }

  /** Drops what waits for a task that runs no more. */
  drop(task: Task): void {
    for (const { records } of this.#waiting.get(task)?.batches ?? []) this.#keptBytes -= records.length
    this.#waiting.delete(task)
    this.#options.consumer.resume(task.positions())
  }

  /** Drops all, where partitions are read anew. */
  clear(): void {
    this.#waiting.clear()
    this.#keptBytes = 0
  }

  #waitingOf(task: Task): Waiting {
    let waiting = this.#waiting.get(task)
    if (waiting === undefined) {
      waiting = { batches: [], putOff: new Set(), silentSinceMs: new Map(), overtaken: NOTHING }
      this.#waiting.set(task, waiting)
    }
    return waiting
  }

  #isInHand(task: Task, topic: string): boolean {
    return (this.#waiting.get(task)?.batches ?? []).some((batch) => batch.topic === topic)
  }

  #mayGoOn(task: Task, topic: string): boolean {
    return task.mayGoOn(topic, (other) => this.#isAwaited(task, other))
  }

  /** True of a source with records, unless it has had time enough to deliver them. */
  #isAwaited(task: Task, topic: string): boolean {
    if (this.#isInHand(task, topic)) return true
    const { silentSinceMs } = this.#waitingOf(task)
    if (!this.hasRecords(task, topic)) {
      silentSinceMs.delete(topic)
      return false
    }
    const nowMs = this.#options.nowMs()
    const sinceMs = silentSinceMs.get(topic) ?? nowMs
    silentSinceMs.set(topic, sinceMs)
    return nowMs - sinceMs <= MAX_SILENCE_MS
  }

  /** True if so much has gone before the first batch that `next` does not; while state is rebuilt nothing may. */
  #hasWaitedEnough(task: Task, next: RecordBatch | undefined): boolean {
    const { batches, overtaken } = this.#waitingOf(task)
    const [first] = batches
    if (first === undefined || next === undefined || isOfTable(task, next) || task.order.isRebuilding) return false
    return overtaken.batches >= MAX_OVERTAKEN && overtaken.bytes >= MAX_OVERTAKEN * first.records.length
  }

  #count(task: Task, gone: RecordBatch, index: number): void {
    const waiting = this.#waitingOf(task)
    const { batches, bytes } = waiting.overtaken
    if (index === 0) waiting.overtaken = NOTHING
    // A table is never waited for.
    else if (!isOfTable(task, gone)) {
      waiting.overtaken = { batches: batches + 1, bytes: bytes + gone.records.length }
    }
  }

  /** Lets all go that is in hand. */
  #putOff(waiting: Waiting): void {
    for (const { topic, partition, baseOffset, fromOffset = 0, records } of waiting.batches.toReversed()) {
      // At last, to the first of them.
      this.#options.consumer.seek({ topic, partition }, Math.max(baseOffset, fromOffset))
      waiting.putOff.add(topic)
      this.#keptBytes -= records.length
    }
    waiting.batches = []
    waiting.overtaken = NOTHING
  }
}

function isOfTable(task: Task, { topic }: RecordBatch): boolean {
  return task.tableTopics.includes(topic)
}
