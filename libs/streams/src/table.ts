import type { Codec } from './codec.ts'
import type { Operator } from './operator.ts'
import { badRecord, type Accepted, type SourceReader } from './source-reader.ts'
import { ReusedRecord, type StreamRecord } from './stream-record.ts'
import { TableState } from './table-state.ts'
import type { SourceNode } from './topology.ts'

export interface TableOptions {
  /** Keys of one partition, which are kept in memory; one more is an error. Default 1,000,000. */
  readonly maxKeys?: number
}

/** The last value of each key of a topic, for joins. */
export class Table<T> {
  readonly node: SourceNode<T>

  constructor(node: SourceNode<T>) {
    this.node = node
  }
}

/**
 * Reads a topic, which should be compacted, as a table: a record's value takes the place of the one before it, one without a value
 * deletes it. Event times have no part in it. All that the topic holds when a partition is taken up is there before the first
 * record of a stream is processed; what comes later takes effect as it comes.
 */
export function table<T>(topic: string, codec: Codec<T>, options: TableOptions = {}): Table<T> {
  const { maxKeys = 1_000_000 } = options
  return new Table<T>({
    kind: 'source',
    label: `table ${topic}`,
    topic,
    clock: 'partition',
    newTable: () => new TableState<T>(topic, maxKeys),
    reader: ({ table: state }) => tableReader(codec, state),
  })
}

function tableReader<T>(codec: Codec<T>, state: TableState<T> | undefined): SourceReader {
  if (state === undefined) throw new Error('a table is read without its state')
  return {
    accept(cursor): Accepted {
      if (cursor.keyStart < 0) return badRecord('missing-key', 'the record has no key')
      const key = cursor.bytes.toString('utf8', cursor.keyStart, cursor.keyEnd)
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
  }
}

/** Makes one value of a record and of what a table has for its key. Without `keepsUnmatched`, a record that it has nothing for is left out. */
export function joinOperator<V, T, R>(
  state: TableState<T>,
  options: { join: (value: V, entry: T | undefined, record: StreamRecord<V>) => R; keepsUnmatched: boolean },
  next: Operator<R>,
): Operator<V> {
  const { join, keepsUnmatched } = options
  const joined = new ReusedRecord<R>()
  return {
    process(record) {
      const entry = state.get(record.key)
      if (entry === undefined && !keepsUnmatched) next.advance(record.key)
      else next.process(joined.of(record.key, join(record.value, entry, record), record.timestampMs))
    },
    advance: (key) => next.advance(key),
  }
}
