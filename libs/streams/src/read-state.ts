import { parseEntryKey } from '@tidemark/windowing'
import { changelogTopic, isSpec } from './changelog.ts'
import type { LogReaderPort } from './ports.ts'
import { readBatches } from './read-topic.ts'

/** An entry of a state. Values that a changelog keeps are as JSON gives them back, accumulators as their aggregator's `snapshot`. */
export interface StateEntry {
  readonly partition: number
  /**
   * What `value` is: of `window`, the accumulator; of `process`, the state of the key, undefined where it has timers alone; of `table`, the
   * last value; of `record`, the value of a record that is kept. Of `clock` (the time of the input so far) and `key` (what a step remembers
   * of a key besides) it is what the step has written, which may change from version to version.
   */
  readonly kind: 'window' | 'process' | 'table' | 'record' | 'clock' | 'key'
  /** One that is not text has a character for each byte. That of a partition's clock is empty. */
  readonly key: string
  readonly value: unknown
  /** Of a window: its first millisecond. */
  readonly startMs?: number
  /** Of a process: when its timers are due, in order. */
  readonly timersMs?: readonly number[]
}

/**
 * All that the changelog of a state has now, for tests and tools: it is in memory at once. Partition by partition, in the order in which
 * the entries came to be. Rejects with a `StreamsError`, such as for a state without a changelog.
 */
export async function readState(
  reader: LogReaderPort,
  { applicationId, state }: { readonly applicationId: string; readonly state: string },
): Promise<StateEntry[]> {
  let spec = ''
  const partitions = new Map<number, Map<string, unknown>>()
  for await (const batch of readBatches(reader, changelogTopic(applicationId, state))) {
    const entries = partitions.get(batch.partition) ?? new Map<string, unknown>()
    partitions.set(batch.partition, entries)
    for (const cursor = batch.cursor(); cursor.next();) {
      const key = cursor.key()?.toString() ?? ''
      const value = cursor.value()
      if (value === null) entries.delete(key)
      else if (isSpec(cursor)) spec = JSON.parse(value.toString()) as string
      else entries.set(key, JSON.parse(value.toString()))
    }
  }
  return [...partitions].flatMap(([partition, entries]) =>
    [...entries].map(([key, data]) => ({ partition, ...entryOf(spec, key, data) })),
  )
}

function entryOf(spec: string, entryKey: string, data: unknown): Omit<StateEntry, 'partition'> {
  if (spec.startsWith('clock per ')) return { kind: 'clock', key: entryKey, value: data }
  const { kind, number, name: key } = parseEntryKey(entryKey)
  if (kind === 'c') return { kind: 'clock', key, value: data }
  const parts = data as readonly unknown[]
  if (kind === 'w') {
    const [value, , bounds] = parts as readonly [unknown, unknown?, { readonly startMs: number }?]
    return { kind: 'window', key, value, startMs: bounds?.startMs ?? Number(number) }
  }
  if (kind === 'r') return { kind: 'record', key, value: parts.at(-1) }
  if (!spec.startsWith('process, ')) return { kind: 'key', key, value: data }
  return { kind: 'process', key, value: parts[1], timersMs: parts[0] as readonly number[] }
}
