import { InSequence, type RecordPosition, type SequenceRange, type ValueSnapshots } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'
import { heldValueOf, safeEntries } from './json-safe.ts'
import type { Next, Operator } from './operator.ts'
import type { OperatorContext } from './operator-context.ts'
import { specOf } from './state-spec.ts'
import { ReusedRecord } from './stream-record.ts'

/** How `GroupedStream.inSequence` brings the records of each key into order. */
export interface SequenceOptions<V> {
  /** A safe integer, one more for each record of a key; a larger one never has a smaller event time. */
  readonly sequence: (value: V) => number
  /** How late a missing record may come: a hole is given up when the watermark has passed the record behind it. */
  readonly graceMs: number
  /** Records held over all keys of a partition; one more is an error. */
  readonly maxHeld: number
  /** Names the state, and so its changelog. Default `in-sequence`. */
  readonly name?: string
  /** Keys that are known; one more is an error. Default 100,000. */
  readonly maxKeys?: number
  /** Which shape of held values this is, default 1: state of another one is an error at the start. */
  readonly version?: number
  /** Ranges per key of which is remembered that they were given up; what comes for older ones is late. Default 1,000. */
  readonly maxHoles?: number
  /** Sequence of the first record of every key. Without it a key's first records wait for earlier ones as behind a hole. */
  readonly firstSequence?: number
  /** For values that are not JSON-safe. */
  readonly values?: ValueSnapshots<V>
}

/** Hands records on in the order of their sequence, and through side outlets what is wrong with it. */
export function inSequenceOperator<V>(
  options: SequenceOptions<V>,
  context: OperatorContext,
  next: Next<V>,
): Operator<V> {
  const { name = 'in-sequence', version, ...laws } = options
  const { clock, clockBehind, position, output } = context
  if (!context.hasChangelog) {
    throw new StreamsError('unsupported', `${name}: what it holds is in a changelog alone: run it exactly-once`)
  }
  const main = next()
  const missing = next<SequenceRange>('missing')
  const duplicates = next('duplicates')
  const late = next('late')
  // Outlets that are merged again, with nothing in between, are one operator.
  const outlets = new Set([main, missing, duplicates, late])
  const handLate = handTo(late)
  const operator = new InSequence<V>({
    ...laws,
    clock,
    ...(clockBehind !== undefined && { clockBehind }),
    changelog: true,
    output: {
      pass: handTo(main),
      missing: handTo(missing),
      duplicate: handTo(duplicates),
      late(key, value, at) {
        output.countLate()
        handLate(key, value, at)
      },
      advance(key) {
        for (const outlet of outlets) outlet.advance(key)
      },
    },
  })
  context.keep({
    name,
    spec: specOf({ madeFor: 'records in sequence', version }),
    size: () => operator.size,
    changes: () =>
      options.values === undefined
        ? safeEntries(operator.changes(), { name, valueOf: heldValueOf })
        : operator.changes(),
    restoreEntry: (key, data) => operator.restoreEntry(key, data),
    oldestOffset: () => undefined,
    lateCounts: () => [],
    restoreLateCounts: () => undefined,
  })
  const at = { timestampMs: 0, offset: 0 }
  return {
    process({ key, value, timestampMs }) {
      at.timestampMs = timestampMs
      at.offset = position.offset
      operator.add(key, value, at)
    },
    advance: (key) => operator.advance(key),
  }
}

function handTo<V>(operator: Operator<V>): (key: string, value: V, at: RecordPosition) => void {
  const record = new ReusedRecord<V>()
  return (key, value, { timestampMs }) => operator.process(record.of(key, value, timestampMs))
}
