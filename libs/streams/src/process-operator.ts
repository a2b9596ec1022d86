import { KeyedProcess, type ChangedEntry, type ProcessSteps } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'
import { safeEntries } from './json-safe.ts'
import type { KeyFormat } from './key-codec.ts'
import type { Operator } from './operator.ts'
import { timeBehind, type OperatorContext } from './operator-context.ts'
import { specOf } from './state-spec.ts'
import { ReusedRecord } from './stream-record.ts'

/** A step with state per key and timers, as `GroupedStream.process` takes it. */
export interface ProcessOptions<V, S, R, K = string> extends ProcessSteps<V, S, R, K> {
  /** Names the state, and so its changelog. */
  readonly name: string
  /** Which shape of the state this is, default 1: state of another one is an error at the start. */
  readonly version?: number
}

/** The state in an entry, behind its timers. */
function valueOf([, data]: ChangedEntry): { readonly value: unknown } | undefined {
  const parts = (data ?? []) as readonly unknown[]
  return parts.length > 1 ? { value: parts[1] } : undefined
}

/** Hands records and timers to a user's steps. */
export function processOperator<V, S, R, K>(
  options: ProcessOptions<V, S, R, K> & { readonly keys: KeyFormat<K> },
  context: OperatorContext,
  next: Operator<R>,
): Operator<V> {
  const { name, version = 1, timers } = options
  if (!context.hasChangelog) {
    throw new StreamsError('unsupported', `process ${name}: its state is in a changelog alone: run it exactly-once`)
  }
  const record = new ReusedRecord<R>()
  const process = new KeyedProcess<V, S, R, K>({
    name,
    steps: options,
    keyOf: options.keys.keyOf,
    clock: context.clock,
    changelog: true,
    forward: (key, value, timestampMs) => next.process(record.of(key, value, timestampMs)),
  })
  context.keep({
    name: `process-${name}`,
    spec: specOf({ madeFor: 'process', version }),
    size: () => process.size,
    changes: () =>
      options.snapshot === undefined
        ? safeEntries(process.changes(), { name: `process ${name}`, valueOf })
        : process.changes(),
    restoreEntry: (key, data) => process.restoreEntry(key, data),
    oldestOffset: () => undefined,
    lateCounts: () => [],
    restoreLateCounts: () => undefined,
  })
  // Without timers, all that leaves leaves with its record: time is that of the input.
  const time = timers && { graceMs: timers.graceMs, dropsLate: false }
  const behind = time && timeBehind(context, time, next)
  return {
    process({ key, value, timestampMs }) {
      if (behind === undefined) next.advance(key) // where nothing is handed on, the record still moves time
      process.add(key, value, timestampMs)
      behind?.passOn(key)
    },
    advance(key) {
      process.advance(key)
      if (behind === undefined) next.advance(key)
      else behind.passOn(key)
    },
  }
}
