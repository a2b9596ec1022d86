import type { EventClock } from '@tidemark/windowing'
import type { KeyNames } from './key-codec.ts'
import type { Operator } from './operator.ts'
import type { SourceReader } from './source-reader.ts'
import type { TableState } from './table-state.ts'

/** The head of a chain: a topic that is read. */
export interface SourceNode<out V> {
  readonly kind: 'source'
  readonly label: string
  readonly topic: string
  /** How the engine names the key that is in a record's bytes. */
  readonly nameOfKey: KeyNames['nameOf']
  readonly clock: 'partition' | 'key'
  /** Makes what one task keeps of it: it is a table, which is loaded before the records of streams are processed. */
  newTable?(): TableState<V>
  /** Makes the reader of one task. */
  reader(parts: SourceParts<V>): SourceReader
}

/** What a source finds in its task. */
export interface SourceParts<V> {
  readonly clock: EventClock
  /** What processes its values. */
  readonly next: Operator<V>
  readonly table: TableState<V> | undefined
}
