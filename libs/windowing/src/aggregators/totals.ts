import type { Aggregator } from '../aggregator.ts'
import { ExactSum } from '../exact-sum.ts'

/** How many records there are. One that a volume window splits counts in the window where it begins. */
export function count(): Aggregator<unknown, number, number, unknown> {
  return {
    kind: 'count',
    init: () => 0,
    add: (records) => records + 1,
    addRest: (records) => records,
    merge: (left, right) => left + right,
    result: (records) => records,
  }
}

/** The exact sum, correctly rounded once at the end. Throws a RangeError for a value that is not finite. */
export function sum<V>(of: (value: V) => number): Aggregator<V, ExactSum, number, unknown> {
  return {
    kind: 'sum',
    init: () => new ExactSum(),
    add(total, value) {
      total.add(of(value))
      return total
    },
    merge(left, right) {
      left.merge(right)
      return left
    },
    result: (total) => total.value(),
    snapshot: (total) => total.partials(),
    restore: (data) => ExactSum.restore(data as number[]),
  }
}

/** The smallest value; Infinity where nothing was added. Throws a RangeError for a value that is not a number. */
export function min<V>(of: (value: V) => number): Aggregator<V, number, number, unknown> {
  return extreme(of, { kind: 'min', pick: Math.min, empty: Infinity })
}

/** The largest value; -Infinity where nothing was added. Throws a RangeError for a value that is not a number. */
export function max<V>(of: (value: V) => number): Aggregator<V, number, number, unknown> {
  return extreme(of, { kind: 'max', pick: Math.max, empty: -Infinity })
}

function extreme<V>(
  of: (value: V) => number,
  { kind, pick, empty }: { kind: string; pick: (a: number, b: number) => number; empty: number },
): Aggregator<V, number, number, unknown> {
  return {
    kind,
    init: () => empty,
    add(extremum, value) {
      const x = of(value)
      const picked = pick(extremum, x) + 0 // never -0, which JSON would not keep
      if (Number.isNaN(picked)) throw new RangeError(`${kind}: ${x} is not a number`)
      return picked
    },
    merge: pick,
    result: (extremum) => extremum,
    snapshot: (extremum) => (Number.isFinite(extremum) ? extremum : String(extremum)),
    restore: Number,
  }
}
