import { beginAt, type TaskSource } from './task-source.ts'

/** What is known of the records of a source that no step has seen yet: some are in hand, or the broker has more, and they are to be expected. */
export type HasRecords = (topic: string) => boolean

/**
 * Which of a task's sources may go on. While records are read again that only rebuild state, the others wait: nothing of the task is put out or committed
 * before. From then on a source waits for those that it meets in a step, as long as they are behind it in event time and have records: at
 * different speeds, the windows of the faster one would pile up until the slower one has come to their time.
 */
export class SourceOrder {
  readonly #streams: readonly TaskSource[]
  #meeting: ReadonlyMap<TaskSource, readonly TaskSource[]> | undefined

  constructor(sources: readonly TaskSource[]) {
    this.#streams = sources.filter(({ table }) => table === undefined)
  }

  /** True where it matters which batch is next. */
  get matters(): boolean {
    return this.#streams.length > 1
  }

  /** True while records are read again that only rebuild state. */
  get isRebuilding(): boolean {
    return this.#streams.some(isRebuilding)
  }

  /** Up to which offset a source may go now; its next records wait for others that are rebuilt. */
  endOf(source: TaskSource): number {
    const waits = source.table === undefined && this.#streams.some((other) => other !== source && isRebuilding(other))
    return waits ? source.rebuildTo : Infinity
  }

  mayGoOn(source: TaskSource, hasRecords: HasRecords): boolean {
    if (source.table !== undefined) return true
    if (this.isRebuilding) return isRebuilding(source)
    const ownMs = timeOf(source)
    return (this.#meetingWith(source) ?? []).every((other) => timeOf(other) >= ownMs || !hasRecords(other.topic))
  }

  /** A log may end earlier than it once did, by compaction or retention: what is left of it has rebuilt all that it can. */
  endRebuilding(hasRecords: HasRecords): void {
    for (const source of this.#streams) {
      if (isRebuilding(source) && !hasRecords(source.topic)) beginAt(source, source.position)
    }
  }

  #meetingWith(source: TaskSource): readonly TaskSource[] | undefined {
    // Steps are there when the task is made, not yet when this is.
    this.#meeting ??= new Map(
      this.#streams.map((one) => [one, this.#streams.filter((other) => this.#meet(one, other))]),
    )
    return this.#meeting.get(source)
  }

  #meet(one: TaskSource, other: TaskSource): boolean {
    const states = this.#streams.flatMap((source) => source.states)
    return one !== other && states.some(({ topics }) => topics.has(one.topic) && topics.has(other.topic))
  }
}

/** About where a source is: of the ends of its last two batches the earlier one, as a single record may be far ahead of all others. */
function timeOf({ previousMs, reader }: TaskSource): number {
  return Math.min(previousMs, reader.lastMs)
}

function isRebuilding({ position, rebuildTo }: TaskSource): boolean {
  return position < rebuildTo
}
