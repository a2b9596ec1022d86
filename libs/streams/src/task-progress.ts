import {
  formatChangelogStates,
  formatCommitState,
  isResetUnderWay,
  parseChangelogStates,
  parseCommitState,
} from './commit-metadata.ts'
import { StreamsError } from './errors.ts'
import type { ExternalSink } from './external-sink.ts'
import type { CommittedOffset, TopicPartition } from './ports.ts'
import type { StreamsLogger } from './run-options.ts'
import type { SourceOrder } from './source-order.ts'
import type { TaskSinks } from './task-sinks.ts'
import { beginAt, unknownSource, type StepState, type TaskPosition, type TaskSource } from './task-source.ts'
import type { Topology } from './topology.ts'

/** What comes out of them at first is of fewer records than it will be of later. */
const NEW_STATES = 'states are new in this application: they begin empty, with the records from here on'

const LATE_LEFT_OUT =
  'late counts of so many keys have no room in the metadata of a commit (4,096 bytes): after a restart the next results of these keys say ' +
  'fewer late records than there were; exactly once keeps them'

export interface TaskProgressOptions {
  readonly topology: Topology
  readonly partition: number
  readonly hasChangelog: boolean
  readonly logger: StreamsLogger
  /** By topic. */
  readonly sources: ReadonlyMap<string, TaskSource>
  readonly sinks: TaskSinks
  readonly order: SourceOrder
}

/** How far a task is: what it takes up of an earlier owner, and what it has to commit. */
export class TaskProgress {
  readonly #options: TaskProgressOptions
  /** Topics whose commits were once without late counts: that is told once. */
  readonly #warned = new Set<string>()

  constructor(options: TaskProgressOptions) {
    this.#options = options
  }

  /** Begins at the end of a log that nothing was committed of. */
  begin({ topic }: TopicPartition, offset: number): void {
    const source = this.#sourceOf(topic)
    // Of a table all is read, and what is bad in it is told.
    if (source.table === undefined) beginAt(source, offset)
  }

  /** Takes up what an earlier owner committed, and says from which offset to read. For a task that has read nothing yet. */
  resume(committed: CommittedOffset): number {
    const source = this.#sourceOf(committed.topic)
    if (isResetUnderWay(committed.metadata)) {
      throw new StreamsError(
        'offsets-lost',
        `topic ${committed.topic} partition ${committed.partition}: a reset of this application was begun and has not ended, its state is no ` +
          'longer whole: run the reset again (npm run operate -- reset …)',
      )
    }
    this.#checkStates(committed)
    const state = parseCommitState(committed.metadata)
    source.position = committed.offset
    source.rebuildTo = state?.processedTo ?? committed.offset
    source.committedTo = source.rebuildTo
    source.isRebuilt = this.#options.hasChangelog && state !== undefined
    source.lastCommit = committed
    if (state !== undefined) {
      source.clock.restore(state.clock)
      for (const kept of source.states) kept.restoreLateCounts(state.lateCounts[kept.name] ?? [])
    }
    return committed.offset
  }

  /**
   * Takes up how far sinks are that hold their offsets, and says from which offset to read a topic, where that is another one now. Where
   * nothing but sinks hears of a record, they say where to go on. Otherwise state and topics do, and what a sink has already is left out.
   */
  resumeSinks(topic: string, known: ReadonlyMap<ExternalSink<never>, number>): number | undefined {
    const source = this.#sourceOf(topic)
    for (const [sink, offset] of known) this.#options.sinks.setOffset(sink, topic, offset)
    if (known.size === 0) return undefined
    const { topology } = this.#options
    const done = source.lastCommit === undefined ? undefined : source.rebuildTo
    const isSinksOnly = topology.outputTopics.length === 0 && source.states.length === 0
    if (!isSinksOnly) {
      const behind = [...known].find(([, offset]) => offset < (done ?? 0))
      if (behind === undefined) return undefined
      throw new StreamsError(
        'sink-failed',
        `sink ${behind[0].name} has topic ${topic} partition ${this.#options.partition} up to offset ${behind[1]}, the application has ` +
          `committed ${done}: was the sink's store put back? Reset the application`,
      )
    }
    const starts = topology.sinks.map((sink) => known.get(sink) ?? done)
    if (starts.includes(undefined)) return undefined
    source.position = Math.min(...(starts as number[]))
    source.rebuildTo = Math.min(source.rebuildTo, source.position)
    return source.position
  }

  /** What is to be committed now, where anything has changed. All outputs so far must have been written before. */
  offsetsToCommit(): CommittedOffset[] {
    const { isRebuilding } = this.#options.order
    const changed: CommittedOffset[] = []
    for (const source of this.#options.sources.values()) {
      // While state is being rebuilt, the last commit still says all there is to say, but for a source that none has said anything of.
      const isJustBegun = source.isNew && !source.isRebuilt && source.position >= source.rebuildTo
      if (isRebuilding && !isJustBegun) continue
      if (source.position > source.committedTo || source.isRebuilt || source.isNew) changed.push(this.#offsetOf(source))
    }
    return changed
  }

  /**
   * The topics whose part in what was restored can't be told from what is yet to be read: state of theirs was restored, and time of the topic's own, which
   * is only ever written with its offset, but that offset is not there. `restored`: by name, of how many entries.
   */
  topicsWithoutOffsets(restored: ReadonlyMap<string, number>): string[] {
    const sources = [...this.#options.sources.values()]
    const hasEntries = ({ name }: { readonly name: string }) => (restored.get(name) ?? 0) > 0
    const states = this.#states.filter(hasEntries)
    const lost = sources.filter(
      ({ topic, clockState, lastCommit, isRebuilt }) =>
        clockState !== undefined &&
        hasEntries(clockState) &&
        (lastCommit === undefined || isRebuilt) &&
        states.some(({ topics }) => topics.has(topic)),
    )
    return lost.map(({ topic }) => topic)
  }

  committed(offsets: readonly CommittedOffset[]): void {
    for (const offset of offsets) {
      const source = this.#sourceOf(offset.topic)
      source.committedTo = parseCommitState(offset.metadata)?.processedTo ?? offset.offset
      source.isRebuilt = false
      source.isNew = false
      source.lastCommit = offset
    }
  }

  /** True where this is all that the group has committed of the task's topics, as far as the task has read or written it: nobody else has. */
  isLastCommit(committed: readonly CommittedOffset[]): boolean {
    return [...this.#options.sources.values()].every(({ topic, lastCommit }) => {
      const now = committed.find((offset) => offset.topic === topic && offset.partition === this.#options.partition)
      return now?.offset === lastCommit?.offset && now?.metadata === lastCommit?.metadata
    })
  }

  positions(): TaskPosition[] {
    return [...this.#options.sources.values()].map(({ topic, position, committedTo, rebuildTo, table }) => ({
      topic,
      partition: this.#options.partition,
      position,
      committed: committedTo,
      rebuilding: table === undefined && position < rebuildTo,
    }))
  }

  /** Refuses to go on without state that was there at the last commit: its windows would be emitted with records missing. */
  #checkStates({ topic, metadata, offset }: CommittedOffset): void {
    const before = parseChangelogStates(metadata)
    if (before === undefined) return
    const where = `topic ${topic} partition ${this.#options.partition}`
    if (!this.#options.hasChangelog) {
      throw new StreamsError(
        'guarantee-changed',
        `${where}: this application ran exactly-once before, its state is in changelogs that at-least-once does not read: ` +
          'go on exactly-once, or reset the application',
      )
    }
    const now = new Set(this.#sourceOf(topic).states.map(({ name }) => name))
    const gone = before.find((name) => !now.has(name))
    if (gone === undefined) {
      const added = [...now].filter((name) => !before.includes(name))
      if (added.length > 0)
        this.#options.logger.warn({ states: added, topic, partition: this.#options.partition, offset }, NEW_STATES)
      return
    }
    throw new StreamsError(
      'topology-changed',
      `${where}: the topology no longer has state ${gone}, which it had at its last commit: change it back, or reset the application`,
    )
  }

  /** Of all steps. */
  get #states(): StepState[] {
    return [...this.#options.sources.values()].flatMap(({ states }) => states)
  }

  #offsetOf(source: TaskSource): CommittedOffset {
    const { topic, states, position, clock } = source
    const where = { topic, partition: this.#options.partition }
    // Without state there is nothing to say beyond the offset; with a changelog, it says the rest.
    if (states.length === 0) return { ...where, offset: position, metadata: '' }
    if (this.#options.hasChangelog)
      return { ...where, offset: position, metadata: formatChangelogStates(states.map(({ name }) => name)) }
    const oldest = states.map((state) => state.oldestOffset() ?? position)
    const lateCounts = Object.fromEntries(states.map((state) => [state.name, state.lateCounts()]))
    const state = { processedTo: position, clock: clock.snapshot(), lateCounts }
    const { metadata, leftOut } = formatCommitState(state, `topic ${topic} partition ${this.#options.partition}`)
    if (leftOut > 0 && !this.#warned.has(topic)) {
      this.#options.logger.warn({ ...where, keys: leftOut }, LATE_LEFT_OUT)
      this.#warned.add(topic)
    }
    return { ...where, offset: Math.min(position, ...oldest), metadata }
  }

  #sourceOf(topic: string): TaskSource {
    return this.#options.sources.get(topic) ?? unknownSource(topic)
  }
}
