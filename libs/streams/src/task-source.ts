import { EventClock } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'
import type { KeptState, Operator, RebuiltState } from './operator.ts'
import type { CommittedOffset } from './ports.ts'
import type { RecordCursor } from './record-batch.ts'
import type { SourceNode } from './source-node.ts'
import type { SourceReader } from './source-reader.ts'
import type { TableState } from './table-state.ts'

/** State of a step, with the topics whose records it is made of. */
export interface StepState extends RebuiltState {
  readonly topics: ReadonlySet<string>
}

/** A source of a task, and how far it is. */
export interface TaskSource {
  readonly topic: string
  readonly nameOfKey: SourceNode<unknown>['nameOfKey']
  readonly clock: EventClock
  readonly reader: SourceReader
  readonly next: Operator<unknown>
  /** What is done behind each heartbeat. */
  readonly afterHeartbeat: readonly ((key: string) => void)[]
  /** What is put out before each commit by steps behind it. */
  readonly beforeCommit: readonly (() => void)[]
  /** Offsets that are set aside unread. */
  readonly skipped: ReadonlySet<number>
  /** None for a table, which has no time. */
  readonly clockState: KeptState | undefined
  readonly table: TableState<unknown> | undefined
  /** Of the steps behind it; of one behind several sources, the first of them has it. */
  readonly states: StepState[]
  /** Event time of the last record of the batch before the last one. */
  previousMs: number
  /** Next offset to process. */
  position: number
  /** Below this offset, records only rebuild state: all else that they caused had been done before the last commit. */
  rebuildTo: number
  /** Everything below was processed at the last commit. */
  committedTo: number
  /** What it has of state came back from the input, and no changelog has it yet: its next commit writes all of it. */
  isRebuilt: boolean
  /** It begins where no commit says that it does: its next one will, whatever has been read by then. */
  isNew: boolean
  /** What the group has committed, as far as this task has read or written it. */
  lastCommit: CommittedOffset | undefined
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

/** What comes from here on has not been processed before, whatever the last commit says. */
export function beginAt(source: TaskSource, offset: number): void {
  source.position = offset
  source.rebuildTo = offset
  source.committedTo = offset
  source.isNew = true
}

export function unknownSource(topic: string): never {
  throw new StreamsError('protocol', `topic ${topic} is not a source of this topology`)
}

/** All that the heartbeat which the cursor is at has caused has been handed on. */
export function behindHeartbeat({ afterHeartbeat, nameOfKey }: TaskSource, cursor: RecordCursor): void {
  const key = nameOfKey(cursor.bytes, cursor.keyStart, cursor.keyEnd)
  for (const action of afterHeartbeat) action(key)
}

/** What the operators behind a source need before they are made. */
export function newParts(node: SourceNode<unknown>) {
  const states: StepState[] = []
  const afterHeartbeat: ((key: string) => void)[] = []
  const beforeCommit: (() => void)[] = []
  return { clock: new EventClock(node.clock), states, afterHeartbeat, beforeCommit, table: node.newTable?.() }
}

export type TaskParts = ReturnType<typeof newParts>

/** A source that nothing has been read of. */
export function newSource(
  node: SourceNode<unknown>,
  parts: Pick<TaskSource, 'clock' | 'next' | 'states' | 'afterHeartbeat' | 'beforeCommit' | 'skipped' | 'table'>,
): TaskSource {
  const { clock, table } = parts
  return {
    ...parts,
    topic: node.topic,
    nameOfKey: node.nameOfKey,
    clockState:
      table === undefined
        ? {
            name: `clock-${node.topic}`,
            spec: `clock per ${node.clock}`,
            size: () => clock.size,
            changes: () => clock.changes(),
            restoreEntry: (key, data) => clock.restoreEntry(key, data),
          }
        : undefined,
    reader: node.reader(parts),
    previousMs: -Infinity,
    position: 0,
    rebuildTo: 0,
    committedTo: 0,
    isRebuilt: false,
    isNew: false,
    lastCommit: undefined,
  }
}
