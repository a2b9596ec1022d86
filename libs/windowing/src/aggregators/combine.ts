import type { Aggregator, ResultContext } from '../aggregator.ts'

type Parts = Readonly<Record<string, Aggregator<never, unknown, unknown, never>>>

/** What all of the parts take: the intersection of what each does. */
type ValueOf<P extends Parts> = {
  [K in keyof P]: P[K] extends { add(accumulator: never, value: infer V): unknown } ? (value: V) => void : never
}[keyof P] extends (value: infer V) => void
  ? V
  : never

/** What all of the parts take for a key. */
type KeyOf<P extends Parts> = {
  [N in keyof P]: P[N] extends { result(accumulator: never, context: ResultContext<infer K>): unknown }
    ? (key: K) => void
    : never
}[keyof P] extends (key: infer K) => void
  ? K
  : never

type AccumulatorsOf<P extends Parts> = { [K in keyof P]: P[K] extends { init(): infer A } ? A : never }

type ResultsOf<P extends Parts> = {
  [K in keyof P]: P[K] extends { result(accumulator: never, context: never): infer R } ? R : never
}

/**
 * Several aggregators as one, with an object of their results: `combine({ orders: count(), total: sum(amountOf) })`. It claims
 * `merge` if all of its parts do.
 */
export function combine<P extends Parts>(parts: P): Aggregator<ValueOf<P>, AccumulatorsOf<P>, ResultsOf<P>, KeyOf<P>> {
  type Untyped = Record<string, unknown>
  const named = Object.entries(parts) as [string, Aggregator<unknown, unknown, unknown>][]
  const each = (make: (part: Aggregator<unknown, unknown, unknown>, name: string) => unknown): Untyped =>
    Object.fromEntries(named.map(([name, part]) => [name, make(part, name)]))

  const combined: Aggregator<unknown, Untyped, Untyped> = {
    ...(named.every(([, { kind }]) => kind !== undefined) && { kind: kindOf(named) }),
    init: () => each((part) => part.init()),
    add(accumulators, value) {
      for (const [name, part] of named) accumulators[name] = part.add(accumulators[name], value)
      return accumulators
    },
    addRest(accumulators, rest) {
      for (const [name, part] of named) {
        const accumulator = accumulators[name]
        accumulators[name] = part.addRest === undefined ? part.add(accumulator, rest) : part.addRest(accumulator, rest)
      }
      return accumulators
    },
    result: (accumulators, context) => each((part, name) => part.result(accumulators[name], context)),
    snapshot: (accumulators) =>
      each((part, name) => (part.snapshot === undefined ? accumulators[name] : part.snapshot(accumulators[name]))),
    restore(data) {
      const snapshots = data as Untyped
      return each((part, name) => (part.restore === undefined ? snapshots[name] : part.restore(snapshots[name])))
    },
  }
  if (named.every(([, part]) => part.merge !== undefined)) {
    combined.merge = (left, right) => each((part, name) => part.merge?.(left[name], right[name]))
  }
  return combined as unknown as Aggregator<ValueOf<P>, AccumulatorsOf<P>, ResultsOf<P>, KeyOf<P>>
}

function kindOf(named: readonly (readonly [name: string, part: { readonly kind?: string }])[]): string {
  return `{${named.map(([name, { kind }]) => `${name}: ${kind}`).join(', ')}}`
}
