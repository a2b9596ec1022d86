import { formatChangelogStates, formatCommitState, parseChangelogStates, parseCommitState } from './commit-metadata.ts'
import { attemptsSoFar, deadLetterRecord } from './dead-letter.ts'
import { StreamsError } from './errors.ts'
import type { ExternalSink } from './external-sink.ts'
import type { CommittedOffset } from './ports.ts'
import { CurrentRecord } from './current-record.ts'
import { OperatorGraph } from './operator-graph.ts'
import type { KeptState, TaskOutput, RebuiltState } from './operator.ts'
import type { RecordBatch, RecordCursor } from './record-batch.ts'
import { RecordPace } from './record-pace.ts'
import type { RecordCollector } from './record-collector.ts'
import { recordFailed, recordTooSlow } from './record-errors.ts'
import type { RecordPlace, StreamsLogger } from './run-options.ts'
import type { Accepted, RecordIssue } from './source-reader.ts'
import type { StreamRecord } from './stream-record.ts'
import { TaskSinks, type Cause } from './task-sinks.ts'
import type { TableState } from './table-state.ts'
import { behindHeartbeat, newParts, newSource, unknownSource, type TaskParts, type TaskSource } from './task-source.ts'
import type { SourceNode, Topology } from './topology.ts'

/** What comes out of them at first is of fewer records than it will be of later. */
const NEW_STATES = 'states are new in this application: they begin empty, with the records from here on'

export interface TaskOptions {
  readonly topology: Topology
  readonly partition: number
  readonly collector: RecordCollector
  readonly deadLetterTopic: string
  readonly maxOpenWindows: number
  /** State is written to a changelog with every commit; else it is rebuilt from the input. */
  readonly hasChangelog: boolean
  readonly counters: TaskCounters
  readonly logger: StreamsLogger
  /** Records that are set aside unread. */
  readonly skip: readonly RecordPlace[]
  /** How long a record may take. */
  readonly deadlineMs: number
  /** A turn for whatever else the process does. */
  pause(): Promise<void>
  nowMs(): number
}

/** Counted over all tasks of an application. */
export interface TaskCounters {
  processed: number
  late: number
  deadLetters: number
}

/** Where a task is in one of its input partitions. */
export interface TaskPosition {
  readonly topic: string
  readonly partition: number
  /** Next offset to process. */
  readonly position: number
  /** Everything below is processed, its outputs written, and committed. */
  readonly committed: number
  readonly rebuilding: boolean
}

/**
 * Runs a topology over one partition number of each of its source topics.
 *
 * State lives in memory and is rebuilt from the input: a commit's offset is that of the oldest record of any open window, and
 * what is read again below `rebuildTo` has no effect but on state.
 */
export class Task {
  readonly partition: number
  /** What waits for external sinks. */
  readonly sinks: TaskSinks
  readonly #options: TaskOptions
  readonly #sources = new Map<string, TaskSource>()
  readonly #stateNames = new Set<string>()
  readonly #current = new CurrentRecord()
  /** What results come of that no record causes, but a commit. */
  #cause: Cause | undefined
  readonly #pace: RecordPace
  #open = true

  constructor(options: TaskOptions) {
    this.#options = options
    this.#pace = new RecordPace(options)
    this.partition = options.partition
    this.sinks = new TaskSinks(options.topology.sinks)
    const { topology } = options
    const parts = new Map(topology.sources.map((node) => [node.topic, newParts(node)]))
    const partsOf = ({ topic }: SourceNode<unknown>) => parts.get(topic) ?? unknownSource(topic)
    const graph = new OperatorGraph(topology, {
      clockOf: (node) => partsOf(node).clock,
      contextBehind: (node) => this.#contextBehind(partsOf(node)),
      tableOf: <T>(node: SourceNode<T>) => (partsOf(node).table ?? unknownSource(node.topic)) as TableState<T>,
      afterHeartbeat: (node, action) => void partsOf(node).afterHeartbeat.push(action),
    })
    for (const node of topology.sources) {
      this.#sources.set(
        node.topic,
        newSource(node, { ...partsOf(node), next: graph.behind(node), skipped: this.#skippedOf(node.topic) }),
      )
    }
  }

  /** Takes up what an earlier owner committed, and says from which offset to read. For a task that has read nothing yet. */
  resume(committed: CommittedOffset): number {
    const source = this.#stateOf(committed.topic)
    this.#checkStates(committed)
    const state = parseCommitState(committed.metadata)
    source.position = committed.offset
    source.rebuildTo = state?.processedTo ?? committed.offset
    source.committedTo = source.rebuildTo
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
    const source = this.#stateOf(topic)
    for (const [sink, offset] of known) this.sinks.setOffset(sink, topic, offset)
    if (known.size === 0) return undefined
    const { topology } = this.#options
    const done = source.lastCommit === undefined ? undefined : source.rebuildTo
    const isSinksOnly = topology.outputTopics.length === 0 && source.states.length === 0
    if (!isSinksOnly) {
      const behind = [...known].find(([, offset]) => offset < (done ?? 0))
      if (behind === undefined) return undefined
      throw new StreamsError(
        'sink-failed',
        `sink ${behind[0].name} has topic ${topic} partition ${this.partition} up to offset ${behind[1]}, the application has ` +
          `committed ${done}: was the sink's store put back? Reset the application`,
      )
    }
    const starts = topology.sinks.map((sink) => known.get(sink) ?? done)
    if (starts.includes(undefined)) return undefined
    source.position = Math.min(...(starts as number[]))
    source.rebuildTo = Math.min(source.rebuildTo, source.position)
    return source.position
  }

  /** State is back as it was: so is, with this, the time at each step, which follows from it. */
  restored(): void {
    for (const { clock, next } of this.#sources.values()) for (const [key] of clock.snapshot()) next.advance(key)
  }

  /** Processes a batch. Rejects with a `StreamsError` that names the record where user code throws or a limit is reached. */
  async process(batch: RecordBatch): Promise<void> {
    const source = this.#stateOf(batch.topic)
    const cursor = batch.cursor()
    this.#current.at = cursor
    this.#current.topic = source.topic
    source.firstOffset ??= batch.fromOffset ?? batch.baseOffset
    this.#pace.begin()
    while (cursor.next()) {
      this.#open = cursor.offset >= source.rebuildTo
      if (source.skipped.has(cursor.offset)) this.#skip(source, cursor)
      else {
        let accepted = this.#accept(source, cursor)
        if (accepted.kind === 'needs-schema') accepted = await this.#loadAndAccept(source, cursor, accepted)
        if (accepted.kind === 'bad') this.#deadLetter(source, cursor, accepted.issue)
        if (cursor.valueStart < 0 && accepted.kind === 'processed') behindHeartbeat(source, cursor)
      }
      if (this.#open) this.#options.counters.processed++
      source.position = cursor.offset + 1
      if (!this.#pace.isDue()) continue
      this.#look(source, cursor)
      if (this.#pace.isPauseDue) await this.#pace.pause()
    }
    source.position = Math.max(source.position, batch.nextOffset)
  }

  /** Puts out what waits for a commit, such as the results so far of open windows. */
  beforeCommit(): void {
    for (const { topic, position, beforeCommit } of this.#sources.values()) {
      this.#cause = { topic, nextOffset: position, bytes: 0 }
      for (const action of beforeCommit) action()
    }
    this.#cause = undefined
  }

  /** All state of the task, each with a name of its own. */
  get states(): readonly KeptState[] {
    return [...this.#sources.values()].flatMap(({ clockState, states }) => [clockState ?? [], ...states].flat())
  }

  /** What it keeps of tables, which come back from their topics. */
  get tables(): readonly TableState<unknown>[] {
    return [...this.#sources.values()].flatMap(({ table }) => table ?? [])
  }

  /** The topics of its tables. */
  get tableTopics(): readonly string[] {
    return [...this.#sources.values()].flatMap(({ topic, table }) => (table === undefined ? [] : topic))
  }

  /** All that a table's topic had below `offset` has been processed. */
  tableLoaded(topic: string, offset: number): void {
    this.#stateOf(topic).position = offset
  }

  get collector(): RecordCollector {
    return this.#options.collector
  }

  /** What is to be committed now, where anything has changed. All outputs so far must have been written before. */
  offsetsToCommit(): CommittedOffset[] {
    const changed: CommittedOffset[] = []
    for (const source of this.#sources.values()) {
      // While state is being rebuilt, the last commit still says all there is to say.
      if (source.position <= source.committedTo || source.position < source.rebuildTo) continue
      changed.push(this.#offsetOf(source))
    }
    return changed
  }

  committed(offsets: readonly CommittedOffset[]): void {
    for (const offset of offsets) {
      const source = this.#stateOf(offset.topic)
      source.committedTo = parseCommitState(offset.metadata)?.processedTo ?? offset.offset
      source.lastCommit = offset
    }
  }

  /** Where it began to read each topic that it has read something of. */
  get starts(): readonly { readonly topic: string; readonly offset: number }[] {
    return [...this.#sources.values()].flatMap(({ topic, firstOffset }) =>
      firstOffset === undefined ? [] : [{ topic, offset: firstOffset }],
    )
  }

  /** What the group has committed of each source topic, as far as this task has read or written it. */
  get lastCommits(): readonly (CommittedOffset | undefined)[] {
    return [...this.#sources.values()].map(({ lastCommit }) => lastCommit)
  }

  positions(): TaskPosition[] {
    return [...this.#sources.values()].map(({ topic, position, committedTo, rebuildTo }) => ({
      topic,
      partition: this.partition,
      position,
      committed: committedTo,
      rebuilding: position < rebuildTo,
    }))
  }

  /** Refuses to go on without state that was there at the last commit: its windows would be emitted with records missing. */
  #checkStates({ topic, metadata, offset }: CommittedOffset): void {
    const before = parseChangelogStates(metadata)
    if (before === undefined) return
    const where = `topic ${topic} partition ${this.partition}`
    if (!this.#options.hasChangelog) {
      throw new StreamsError(
        'guarantee-changed',
        `${where}: this application ran exactly-once before, its state is in changelogs that at-least-once does not read: ` +
          'go on exactly-once, or reset the application',
      )
    }
    const now = new Set(this.#stateOf(topic).states.map(({ name }) => name))
    const gone = before.find((name) => !now.has(name))
    if (gone === undefined) {
      const added = [...now].filter((name) => !before.includes(name))
      if (added.length > 0)
        this.#options.logger.warn({ states: added, topic, partition: this.partition, offset }, NEW_STATES)
      return
    }
    throw new StreamsError(
      'topology-changed',
      `${where}: the topology no longer has state ${gone}, which it had at its last commit: change it back, or reset the application`,
    )
  }

  #offsetOf(source: TaskSource): CommittedOffset {
    const { topic, states, position, clock } = source
    const where = { topic, partition: this.partition }
    // Without state there is nothing to say beyond the offset; with a changelog, it says the rest.
    if (states.length === 0) return { ...where, offset: position, metadata: '' }
    if (this.#options.hasChangelog)
      return { ...where, offset: position, metadata: formatChangelogStates(states.map(({ name }) => name)) }
    const oldest = states.map((state) => state.oldestOffset() ?? position)
    const lateCounts = Object.fromEntries(states.map((state) => [state.name, state.lateCounts()]))
    const state = { processedTo: position, clock: clock.snapshot(), lateCounts }
    const metadata = formatCommitState(state, `topic ${topic} partition ${this.partition}`)
    return { ...where, offset: Math.min(position, ...oldest), metadata }
  }

  #accept(source: TaskSource, cursor: RecordCursor): Accepted {
    try {
      return source.reader.accept(cursor)
    } catch (error) {
      throw recordFailed(this.#placeOf(source, cursor), error)
    }
  }

  /** Fails where records have taken longer than a record may. */
  #look(source: TaskSource, cursor: RecordCursor): void {
    const slow = this.#pace.look()
    if (slow !== undefined) throw recordTooSlow(this.#placeOf(source, cursor), slow, this.#options.deadlineMs)
  }

  #skip(source: TaskSource, cursor: RecordCursor): void {
    this.#options.logger.warn(this.#placeOf(source, cursor), 'record skipped, as the settings say: it is a dead letter')
    this.#deadLetter(source, cursor, { code: 'skipped', message: 'left out by the setting that names it' })
  }

  #placeOf({ topic }: TaskSource, { offset }: RecordCursor): RecordPlace {
    return { topic, partition: this.partition, offset }
  }

  async #loadAndAccept(
    source: TaskSource,
    cursor: RecordCursor,
    { schemaId, issue }: { schemaId: number; issue: RecordIssue },
  ): Promise<Accepted> {
    const found = await source.reader.load(schemaId)
    this.#pace.begin() // the wait for a schema has a limit of its own, and is not the record's fault
    const accepted: Accepted = found ? this.#accept(source, cursor) : { kind: 'bad', issue }
    return accepted.kind === 'needs-schema' ? { kind: 'bad', issue } : accepted
  }

  #deadLetter(source: TaskSource, cursor: RecordCursor, issue: RecordIssue): void {
    if (!this.#open) return
    const { collector, counters, deadLetterTopic, nowMs } = this.#options
    counters.deadLetters++
    collector.addBytes(
      deadLetterRecord({
        topic: deadLetterTopic,
        key: cursor.key(),
        value: cursor.value(),
        headers: cursor.headers(),
        source: this.#placeOf(source, cursor),
        code: issue.code,
        exception: 'BadRecord',
        message: `topic ${source.topic} partition ${this.partition} offset ${cursor.offset}: ${issue.message}`,
        attempts: attemptsSoFar(cursor) + 1,
        ingestionTimeMs: nowMs(),
      }),
    )
  }

  #contextBehind({ states, beforeCommit: actions }: Pick<TaskParts, 'states' | 'beforeCommit'>) {
    const { maxOpenWindows, hasChangelog, nowMs } = this.#options
    const keep = (state: RebuiltState) => void states.push({ ...state, name: this.#ownName(state.name) })
    const beforeCommit = (action: () => void) => void actions.push(action)
    const position = this.#current
    return { position, beforeCommit, output: this.#output(), maxOpenWindows, hasChangelog, nowMs, keep }
  }

  #skippedOf(topic: string): ReadonlySet<number> {
    const places = this.#options.skip.filter((place) => place.topic === topic && place.partition === this.partition)
    return new Set(places.map(({ offset }) => offset))
  }

  /** A name that no other state of the task has, whichever source it is behind: each has a changelog of its own. */
  #ownName(name: string): string {
    let own = name
    for (let number = 2; this.#stateNames.has(own); number++) own = `${name}-${number}`
    this.#stateNames.add(own)
    return own
  }

  #output(): TaskOutput {
    const isOpen = () => this.#open
    const { sinks } = this
    const current = this.#current
    const { collector, counters } = this.#options
    return {
      get open() {
        return isOpen()
      },
      collector,
      toSink: (sink, record) => sinks.add(sink, record as StreamRecord<never>, this.#cause ?? current.cause),
      countLate: () => {
        counters.late++
      },
    }
  }

  #stateOf(topic: string): TaskSource {
    return this.#sources.get(topic) ?? unknownSource(topic)
  }
}
