import {
  EntryError,
  windowOperator,
  type Aggregator,
  type Emit,
  type ValueSnapshots,
  type Window,
  type WindowOperator,
  type Windows,
} from '@tidemark/windowing'
import { shapeOf } from './data-shape.ts'
import { StreamsError } from './errors.ts'
import { heldValueOf, notSafe, safeEntries, unsafeInside } from './json-safe.ts'
import type { Operator } from './operator.ts'
import { timeBehind, type OperatorContext } from './operator-context.ts'
import { stateFailed } from './state-errors.ts'
import { specOf } from './state-spec.ts'
import { ReusedRecord, type StreamRecord } from './stream-record.ts'
import { lateLabel, windowsName } from './windows-name.ts'

export interface AggregateOptions<V, A, R> {
  /** Names the state, and so its changelog. */
  readonly name: string
  readonly windows: Windows<V>
  readonly aggregator: Aggregator<V, A, R>
  /** Of what the state has of the user's. */
  readonly version: number | undefined
  readonly emit: Emit
  /** Of the records that sliding windows keep. */
  readonly values: ValueSnapshots<V> | undefined
}

/** Header of a late record: the size of the window that it came too late for. */
export const LATE_WINDOW_HEADER = 'tidemark.late.window'

/** Of the shape that `WindowOperator.changes` gives entries. */
const ENTRIES_VERSION = 2

/** Folds records into the windows of their keys, and hands the results on. */
export function aggregateOperator<V, A, R>(
  options: AggregateOptions<V, A, R>,
  context: OperatorContext,
  next: Operator<R>,
): Operator<V> {
  const { name, windows, aggregator, emit, values } = options
  const { clock, maxOpenWindows, hasChangelog } = context
  if (hasChangelog) checkSnapshots(name, aggregator)
  else checkRebuildable(windows, context)
  const keepsRecords = windows.kind === 'sliding'
  const isTimed = 'graceMs' in windows
  const behind = timeBehind(context, { graceMs: isTimed ? windows.graceMs : 0, dropsLate: isTimed }, next)
  // A result carries the last moment of its window as its event time.
  const result = new ReusedRecord<R>()
  const forward = (key: string, value: R, window: Window) => next.process(result.of(key, value, window.endMs - 1))
  const fold = windowOperator<V, A, R>(windows, {
    aggregator,
    clock,
    emit,
    maxOpenWindows,
    nowMs: () => context.nowMs(),
    changelog: hasChangelog,
    ...(values !== undefined && { values }),
    output: {
      result(key, value, window) {
        if (isTimed) behind.reach(key, window.endMs - 1) // they come in order of their ends
        forward(key, value, window)
      },
      late: lateForwarder(context, lateLabel(windows)),
      update: (key, value, window) => {
        if (value !== undefined) forward(key, value, window)
      },
    },
  })
  context.beforeCommit(() => fold.flush())
  const state = context.keep({
    name,
    spec: specOfWindows(options),
    size: () => fold.size,
    changes: () =>
      keepsRecords && values === undefined
        ? safeEntries(fold.changes(), { name, valueOf: heldValueOf })
        : fold.changes(),
    restoreEntry: (key, data) => fold.restoreEntry(key, data),
    adopt: fold.adopt && ((entries) => fold.adopt?.(entries)),
    oldestOffset: () => fold.oldestOffset(),
    lateCounts: () => fold.lateCounts(),
    restoreLateCounts: (counts) => fold.restoreLateCounts(counts),
  })
  return folding({ state, fold, behind }, context)
}

interface FoldedState<V> {
  /** Its name. */
  readonly state: string
  readonly fold: WindowOperator<V>
  readonly behind: ReturnType<typeof timeBehind>
}

function folding<V>({ state, fold, behind }: FoldedState<V>, { output, position }: OperatorContext): Operator<V> {
  const at = { timestampMs: 0, offset: 0, rebuilding: false }
  const take = (key: string, record?: StreamRecord<V>): void => {
    try {
      if (record === undefined) fold.advance(key)
      else fold.add(key, record.value, at)
    } catch (error) {
      // What is taken up only when its key comes again.
      throw error instanceof EntryError ? stateFailed(state, error) : error
    }
    behind.passOn(key)
  }
  return {
    process(record) {
      at.timestampMs = record.timestampMs
      at.offset = position.offset
      at.rebuilding = !output.open
      take(record.key, record)
    },
    advance: (key) => take(key),
  }
}

/** Sliding windows keep records, which any aggregator can fold. */
function specOfWindows<V, A, R>(options: AggregateOptions<V, A, R>): string {
  const { windows, version } = options
  const foldedBy = windows.kind === 'sliding' ? undefined : foldOf(options)
  return specOf({ madeFor: windowsName(windows), foldedBy, version, entriesVersion: ENTRIES_VERSION })
}

function newAccumulator<V, A, R>(name: string, aggregator: Aggregator<V, A, R>): A {
  try {
    return aggregator.init()
  } catch (error) {
    throw stateFailed(`${name}: init of its aggregator`, error)
  }
}

/** Tells aggregators apart by what they are, or by what they begin with: what they come to have depends on the data. */
function foldOf<V, A, R>({ name, aggregator, version }: AggregateOptions<V, A, R>): string | undefined {
  if (aggregator.kind !== undefined || version !== undefined) return aggregator.kind
  const empty = newAccumulator(name, aggregator)
  try {
    return shapeOf(aggregator.snapshot === undefined ? empty : aggregator.snapshot(empty))
  } catch {
    return undefined // a snapshot need not be able to take an accumulator that has nothing yet
  }
}

/** Of a new accumulator alone: all that come of it would have to be gone through at each commit. */
function checkSnapshots<V, A, R>(name: string, aggregator: Aggregator<V, A, R>): void {
  const isSafe = aggregator.snapshot !== undefined && aggregator.restore !== undefined
  const unsafe = isSafe ? undefined : unsafeInside(newAccumulator(name, aggregator))
  if (unsafe !== undefined) throw notSafe(`${name}: a new accumulator`, unsafe)
}

function checkRebuildable<V>(windows: Windows<V>, { rebuildable }: OperatorContext): void {
  const isAligned = windows.kind === 'tumbling' || windows.kind === 'hopping'
  if (isAligned && rebuildable) return
  const what = isAligned ? 'windows behind windows, or behind several sources,' : `${windows.kind} windows`
  throw new StreamsError(
    'unsupported',
    `${windowsName(windows)}: the state of ${what} can't be rebuilt from their input: run it exactly-once`,
  )
}

function lateForwarder({ output, position, lateTopics }: OperatorContext, label: string): () => void {
  const lateHeader = { key: LATE_WINDOW_HEADER, value: Buffer.from(label) }
  return () => {
    output.countLate()
    const { cursor } = position
    for (const topic of lateTopics) {
      const headers = [...cursor.headers(), lateHeader]
      const { timestampMs } = cursor
      output.collector.addBytes({ topic, key: cursor.key(), value: cursor.value(), timestampMs, headers })
    }
  }
}
