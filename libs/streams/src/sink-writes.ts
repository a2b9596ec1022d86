import { StreamsError } from './errors.ts'
import type { ExternalSink } from './external-sink.ts'
import type { FailedCommit } from './guarantee.ts'
import type { ConsumerPort } from './ports.ts'
import type { RecordBatch } from './record-batch.ts'
import type { SinkWork } from './task-sinks.ts'
import type { Task } from './task.ts'

/** What came of writes that have ended. */
export interface EndedWrites {
  /** To be committed now. */
  readonly written: readonly Task[]
  /** Another instance has written for them. */
  readonly failed: readonly FailedCommit[]
  /** What has come of their partitions in the meantime, in order. */
  readonly batches: readonly RecordBatch[]
}

/**
 * Writes of tasks to external sinks, beside the loop. A task that is being written does nothing else until it is committed: what comes
 * for it is kept, and its partitions are paused, so that a slow sink holds up its own tasks and no memory. Where there is no room for
 * more, other tasks wait for the next write that ends.
 */
export class SinkWrites {
  readonly #consumer: Pick<ConsumerPort, 'pause' | 'resume' | 'wakeup'>
  /** Tasks that are being written, or are written and to be committed. */
  readonly #writing = new Set<Task>()
  /** What has come for tasks that are paused. */
  readonly #kept = new Map<Task, RecordBatch[]>()
  readonly #underWay = new Set<Promise<void>>()
  /** The last write of each sink: the next one begins after it. */
  readonly #last = new Map<ExternalSink<never>, Promise<void>>()
  #written: Task[] = []
  #failed: FailedCommit[] = []
  #failure: StreamsError | undefined

  constructor(consumer: Pick<ConsumerPort, 'pause' | 'resume' | 'wakeup'>) {
    this.#consumer = consumer
  }

  /** True while a sink takes its time. */
  get isUnderWay(): boolean {
    return this.#underWay.size > 0
  }

  /** True if a task waits for its write, or to be committed after it. */
  isWriting(task: Task): boolean {
    return this.#writing.has(task)
  }

  /** True if a task is not to process anything: what comes for it is to be kept. */
  holds(task: Task): boolean {
    return this.#writing.has(task) || this.#kept.has(task)
  }

  /** What is kept for tasks that wait, in bytes. */
  get keptBytes(): number {
    let bytes = 0
    for (const batches of this.#kept.values()) for (const { records } of batches) bytes += records.length
    return bytes
  }

  /** Keeps a batch of a task, which waits from now on. */
  keep(task: Task, batch: RecordBatch): void {
    // Each time: others may have resumed them.
    this.#consumer.pause(task.positions())
    const kept = this.#kept.get(task)
    if (kept === undefined) this.#kept.set(task, [batch])
    else kept.push(batch)
  }

  /** Lets tasks wait until a write has ended. */
  pause(tasks: readonly Task[]): void {
    for (const task of tasks) {
      if (this.#kept.has(task)) continue
      this.#consumer.pause(task.positions())
      this.#kept.set(task, [])
    }
  }

  /** Begins to write what tasks have for sinks. Returns the tasks that have something; those without can be committed at once. */
  begin(tasks: readonly Task[]): readonly Task[] {
    const due = tasks.map((task) => ({ task, work: task.sinks.due(task.positions()) }))
    const parts = due.flatMap(({ task, work }) => work.map((one): Part => ({ task, work: one })))
    const writing = due.flatMap(({ task, work }) => (work.length > 0 ? [task] : []))
    if (writing.length === 0) return []
    for (const task of writing) this.#writing.add(task)
    const bySink = Map.groupBy(parts, ({ work }) => work.sink)
    const ended = Promise.all([...bySink].map(([sink, shares]) => this.#inTurn(sink, shares)))
      .then(() => void this.#written.push(...writing))
      .catch((error: unknown) => this.#ended(writing, error))
      .finally(() => {
        this.#underWay.delete(ended)
        this.#consumer.wakeup()
      })
    this.#underWay.add(ended)
    return writing
  }

  /** Resolves when no write is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** What has ended since the last call. Only tasks that are still being written wait on. Throws a `StreamsError` that names the sink where one has failed. */
  take(): EndedWrites {
    if (this.#failure !== undefined) throw this.#failure
    const written = this.#written
    const failed = this.#failed
    this.#written = []
    this.#failed = []
    const ended = [...written, ...failed.map(({ task }) => task)]
    for (const task of ended) this.#writing.delete(task)
    return { written, failed, batches: ended.length > 0 ? this.#resumed() : [] }
  }

  #resumed(): RecordBatch[] {
    const resumed = [...this.#kept].filter(([task]) => !this.#writing.has(task))
    for (const [task] of resumed) {
      this.#kept.delete(task)
      this.#consumer.resume(task.positions())
    }
    return resumed.flatMap(([, batches]) => batches)
  }

  async #inTurn(sink: ExternalSink<never>, parts: readonly Part[]): Promise<void> {
    const writing = (this.#last.get(sink) ?? Promise.resolve()).catch(() => undefined).then(() => write(sink, parts))
    this.#last.set(sink, writing)
    await writing
  }

  #ended(tasks: readonly Task[], error: unknown): void {
    if (error instanceof StreamsError && error.code === 'fenced') {
      this.#failed.push(...tasks.map((task) => ({ task, reason: 'fenced' as const, error })))
    } else {
      this.#failure ??= error instanceof StreamsError ? error : new StreamsError('protocol', String(error))
    }
  }
}

interface Part {
  readonly task: Task
  readonly work: SinkWork
}

async function write(sink: ExternalSink<never>, parts: readonly Part[]): Promise<void> {
  try {
    await sink.write(
      parts.flatMap(({ work }) => work.records),
      parts.flatMap(({ work }) => work.progress),
    )
  } catch (error) {
    if (error instanceof StreamsError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StreamsError('sink-failed', `sink ${sink.name}: ${reason}`, { cause: error })
  }
  for (const { task, work } of parts) task.sinks.written(work)
}
