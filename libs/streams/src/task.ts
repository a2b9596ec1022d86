import { CurrentRecord, type Cause } from './current-record.ts'
import { attemptsSoFar, deadLetterRecord } from './dead-letter.ts'
import type { TaskOutput } from './operator-context.ts'
import { OperatorGraph } from './operator-graph.ts'
import type { KeptState, RebuiltState } from './operator.ts'
import { recordBatch, type RecordBatch, type RecordCursor } from './record-batch.ts'
import { RecordPace } from './record-pace.ts'
import type { RecordCollector } from './record-collector.ts'
import { recordFailed, recordTooSlow } from './record-errors.ts'
import type { RecordPlace, StreamsLogger } from './run-options.ts'
import type { SourceNode } from './source-node.ts'
import { SourceOrder, type HasRecords } from './source-order.ts'
import type { Accepted, RecordIssue } from './source-reader.ts'
import type { StreamRecord } from './stream-record.ts'
import { TaskProgress } from './task-progress.ts'
import { TaskSinks } from './task-sinks.ts'
import type { TableState } from './table-state.ts'
import {
  behindHeartbeat,
  newParts,
  newSource,
  beginAt,
  unknownSource,
  type TaskParts,
  type TaskPosition,
  type TaskSource,
} from './task-source.ts'
import type { Topology } from './topology.ts'

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

/**
 * Runs a topology over one partition number of each of its source topics.
 *
 * State lives in memory. It comes back from changelogs, or is rebuilt from the input: what is read again below `rebuildTo` has no effect
 * but on state.
 */
export class Task {
  readonly partition: number
  /** What waits for external sinks. */
  readonly sinks: TaskSinks
  readonly progress: TaskProgress
  /** Which source may go on. */
  readonly order: SourceOrder
  readonly #options: TaskOptions
  readonly #sources = new Map<string, TaskSource>()
  readonly #stateNames = new Set<string>()
  readonly #current = new CurrentRecord()
  /** What results come of that no record causes, but a commit. */
  #cause: Cause | undefined
  readonly #pace: RecordPace
  #open = true
  /** What is flushed next has been put out before: until a first commit, or a first record, after state has been rebuilt. */
  #isFlushShut = false

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
      contextBehind: (nodes) => {
        const [first] = [...nodes].map(partsOf)
        return this.#contextBehind(first as TaskParts, new Set([...nodes].map(({ topic }) => topic)))
      },
      tableOf: <T>(node: SourceNode<T>) => (partsOf(node).table ?? unknownSource(node.topic)) as TableState<T>,
      afterHeartbeat: (node, action) => void partsOf(node).afterHeartbeat.push(action),
    })
    for (const node of topology.sources) {
      this.#sources.set(
        node.topic,
        newSource(node, { ...partsOf(node), next: graph.behind(node), skipped: this.#skippedOf(node.topic) }),
      )
    }
    this.order = new SourceOrder([...this.#sources.values()])
    this.progress = new TaskProgress({ ...options, sources: this.#sources, sinks: this.sinks, order: this.order })
  }

  /** State is back as it was: so is, with this, the time at each step, which follows from it. */
  restored(): void {
    for (const { clock, next } of this.#sources.values()) for (const [key] of clock.snapshot()) next.advance(key)
  }

  positions(): TaskPosition[] {
    return this.progress.positions()
  }

  /** True if a source's next batch may be processed. */
  mayGoOn(topic: string, hasRecords: HasRecords): boolean {
    return this.order.mayGoOn(this.#stateOf(topic), hasRecords)
  }

  /**
   * Processes a batch, and returns what of it has to wait for other sources. Rejects with a `StreamsError` that names the record where user code throws or a
   * limit is reached.
   */
  async process(batch: RecordBatch): Promise<RecordBatch | undefined> {
    const source = this.#stateOf(batch.topic)
    this.#checkPlace(source, batch)
    const endOffset = this.order.endOf(source)
    if (source.table === undefined && this.order.isRebuilding) this.#isFlushShut = true
    source.previousMs = source.reader.lastMs
    const cursor = batch.cursor()
    this.#current.at = cursor
    this.#current.topic = source.topic
    this.#pace.begin()
    while (cursor.next()) {
      if (cursor.offset >= endOffset) return this.#rest(source, batch, cursor.offset)
      if (this.#isFlushShut && source.table === undefined && cursor.offset >= source.rebuildTo) this.#rebuilt(source)
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
    return undefined
  }

  /** A log that was made anew, or has lost its end, goes on below where the task was: what comes of it now is new. */
  #checkPlace(source: TaskSource, { fromOffset = 0, baseOffset }: RecordBatch): void {
    const offset = Math.max(baseOffset, fromOffset)
    if (offset >= source.position) return
    const { topic, position } = source
    if (source.table === undefined) this.sinks.checkPlace({ topic, partition: this.partition }, offset)
    this.#options.logger.warn(
      { topic, partition: this.partition, offset, position },
      'the log goes on below where it was read to: it was made anew, or has lost its end; what it has now is processed as new',
    )
    beginAt(source, offset)
  }

  #rest(source: TaskSource, batch: RecordBatch, fromOffset: number): RecordBatch {
    source.position = fromOffset
    return recordBatch({ ...batch, fromOffset })
  }

  /** All state is back. What has changed in it since the task was made had been put out before. */
  #rebuilt(source: TaskSource): void {
    source.position = Math.max(source.position, source.rebuildTo)
    this.beforeCommit()
  }

  /** Puts out what waits for a commit, such as the results so far of open windows. */
  beforeCommit(): void {
    this.#open = !this.#isFlushShut
    this.#isFlushShut = this.order.isRebuilding
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

  /** A table's topic is read from here on, also what had been processed before. */
  tableBegins(topic: string, offset: number): void {
    this.#stateOf(topic).position = offset
  }

  /** All that a table's topic had below `offset` has been processed. */
  tableLoaded(topic: string, offset: number): void {
    const source = this.#stateOf(topic)
    if (offset < source.committedTo) beginAt(source, offset)
    else source.position = offset
  }

  get collector(): RecordCollector {
    return this.#options.collector
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

  #contextBehind({ states, beforeCommit: actions }: TaskParts, topics: ReadonlySet<string>) {
    const { maxOpenWindows, hasChangelog, nowMs } = this.#options
    const keep = (state: RebuiltState) => {
      const name = this.#ownName(state.name)
      states.push({ ...state, name, topics })
      return name
    }
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
