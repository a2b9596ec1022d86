import { checkLimits } from '@tidemark/windowing'
import type { Codec } from './codec.ts'
import { formatOf, withKeys, type KeyFormat, type KeyNames, type KeyOption } from './key-codec.ts'
import type { Operator } from './operator.ts'
import type { SourceNode } from './source-node.ts'
import { badRecord, type Accepted, type SourceReader } from './source-reader.ts'
import { ReusedRecord, type StreamRecord } from './stream-record.ts'
import { TableState } from './table-state.ts'

/** Limits of a table. */
export interface TableOptions {
  /** Keys of one partition, which are kept in memory; one more is an error. Default 1,000,000. */
  readonly maxKeys?: number
}

/** The last value of each key of a topic, for joins. */
export class Table<T, K = string> {
  readonly node: SourceNode<T>
  readonly keys: KeyFormat<K>

  constructor(node: SourceNode<T>, keys: KeyFormat<K>) {
    this.node = node
    this.keys = keys
  }
}

/**
 * Reads a topic, which should be compacted, as a table: a record's value takes the place of the one before it, one without a value
 * deletes it. Event times have no part in it. All that the topic holds when a partition is taken up is there before the first
 * record of a stream is processed; what comes later takes effect as it comes.
 */
export function table<T>(topic: string, codec: Codec<T>, options?: TableOptions): Table<T>
/** With keys that are not text. */
export function table<T, K>(topic: string, codec: Codec<T>, options: TableOptions & KeyOption<K>): Table<T, K>
export function table<T, K>(
  topic: string,
  codec: Codec<T>,
  options: TableOptions & Partial<KeyOption<K>> = {},
): Table<T, K> {
  const { maxKeys = 1_000_000, key } = options
  checkLimits(`table ${topic}`, { maxKeys })
  const keys = formatOf(key)
  const node: SourceNode<T> = {
    kind: 'source',
    label: `table ${topic}`,
    topic,
    clock: 'partition',
    newTable: () => new TableState<T>(topic, maxKeys),
    nameOfKey: keys.nameOf,
    reader: ({ table: state }) => tableReader(codec, keys, state),
  }
  return new Table(node, keys)
}

function tableReader<T>(codec: Codec<T>, keys: KeyNames, state: TableState<T> | undefined): SourceReader {
  if (state === undefined) throw new Error('a table is read without its state')
  return {
    accept(cursor): Accepted {
      if (cursor.keyStart < 0) return badRecord('missing-key', 'the record has no key')
      const judged = keys.codec?.decode(cursor.bytes, cursor.keyStart, cursor.keyEnd)
      if (judged?.ok === false) return badRecord(judged.issue.code, judged.issue.message)
      const key = keys.nameOf(cursor.bytes, cursor.keyStart, cursor.keyEnd)
      if (cursor.valueStart < 0) {
        state.delete(key)
        return { kind: 'skipped' }
      }
      const decoded = codec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
      if (!decoded.ok) {
        const { issue } = decoded
        if (issue.code !== 'unknown-schema' || issue.schemaId === undefined) return { kind: 'bad', issue }
        return { kind: 'needs-schema', schemaId: issue.schemaId, issue }
      }
      state.set(key, decoded.value)
      return { kind: 'processed' }
    },
    load: async (schemaId) => (await codec.load?.(schemaId)) ?? false,
    lastMs: -Infinity, // it has no time
  }
}

export interface JoinOptions<V, T, R, K> {
  readonly join: (value: V, entry: T | undefined, record: StreamRecord<V, K>) => R
  readonly keys: KeyFormat<K>
  readonly keepsUnmatched: boolean
}

/** Makes one value of a record and of what a table has for its key. Without `keepsUnmatched`, a record that it has nothing for is left out. */
export function joinOperator<V, T, R, K>(
  state: TableState<T>,
  options: JoinOptions<V, T, R, K>,
  next: Operator<R>,
): Operator<V> {
  const { join, keys, keepsUnmatched } = options
  let entry: T | undefined
  const joinEntry = withKeys(keys, (value: V, record: StreamRecord<V, K>) => join(value, entry, record))
  const joined = new ReusedRecord<R>()
  return {
    process(record) {
      entry = state.get(record.key)
      if (entry === undefined && !keepsUnmatched) next.advance(record.key)
      else next.process(joined.of(record.key, joinEntry(record.value, record), record.timestampMs))
    },
    advance: (key) => next.advance(key),
  }
}
