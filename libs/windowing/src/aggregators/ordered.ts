import type { Aggregator } from '../aggregator.ts'

/**
 * A record's place in the order of its key, such as a trade id. Two records of a window never have the same. One that is not a finite number is a
 * RangeError: what came of it would depend on the order of arrival.
 */
export type Sequence<V> = (value: V) => number

/** Values are JSON-safe, so that a changelog can keep them. */
export interface Sequenced<T> {
  readonly sequence: number
  readonly value: T
}

/** What `select` makes of the record with the smallest sequence; null where nothing was added. */
export function first<V, T>(
  sequence: Sequence<V>,
  select: (value: V) => T,
): Aggregator<V, Sequenced<T> | null, T | null, unknown> {
  return endmost((candidate, kept) => candidate < kept, {
    kind: 'first',
    sequence,
    select,
  })
}

/** What `select` makes of the record with the largest sequence; null where nothing was added. */
export function last<V, T>(
  sequence: Sequence<V>,
  select: (value: V) => T,
): Aggregator<V, Sequenced<T> | null, T | null, unknown> {
  return endmost((candidate, kept) => candidate > kept, {
    kind: 'last',
    sequence,
    select,
  })
}

function endmost<V, T>(
  isBetter: (candidate: number, kept: number) => boolean,
  { kind, sequence, select }: { kind: string; sequence: Sequence<V>; select: (value: V) => T },
): Aggregator<V, Sequenced<T> | null, T | null, unknown> {
  return {
    kind,
    init: () => null,
    add(kept, value) {
      const candidate = finite(kind, 'sequence', sequence(value))
      return kept === null || isBetter(candidate, kept.sequence) ? { sequence: candidate, value: select(value) } : kept
    },
    merge(left, right) {
      if (left === null || right === null) return left ?? right
      return isBetter(right.sequence, left.sequence) ? right : left
    },
    result: (kept) => kept?.value ?? null,
  }
}

/** What `collect` keeps of each record, of how many, and in which order. */
export interface CollectOptions<V, T> {
  readonly sequence: Sequence<V>
  readonly select: (value: V) => T
  /** How many are kept; the rest is only counted. */
  readonly limit: number
}

/** The result of `collect`. */
export interface Collected<T> {
  /** In order of their sequence: the first `limit` of all that were added, in whatever order they came. */
  readonly values: readonly T[]
  /** How many more there were. */
  readonly omitted: number
}

/** The first entries in an order, and how many more there were. */
export interface Kept<E> {
  readonly kept: E[]
  omitted: number
}

/** The records themselves, in order of their sequence. A window with more than `limit` says how many it left out. */
export function collect<V, T>(options: CollectOptions<V, T>): Aggregator<V, Kept<Sequenced<T>>, Collected<T>, unknown> {
  const { sequence, select, limit } = options
  const bySequence = (a: Sequenced<T>, b: Sequenced<T>) => a.sequence - b.sequence
  return bounded({
    kind: 'collect',
    limit,
    inOrder: bySequence,
    entry: (value) => ({ sequence: finite('collect', 'sequence', sequence(value)), value: select(value) }),
  })
}

/** What `topK` keeps of each record, and by which score. */
export interface TopKOptions<V, T> {
  /** How many are kept. */
  readonly k: number
  /** A finite number, or it is a RangeError. */
  readonly score: (value: V) => number
  /** Decides between equal scores: the smaller one comes first. */
  readonly sequence: Sequence<V>
  readonly select: (value: V) => T
}

/** What `topK` keeps of one record. */
export interface Scored<T> extends Sequenced<T> {
  readonly score: number
}

/** What `select` makes of the `k` records with the largest scores, the largest first. */
export function topK<V, T>(options: TopKOptions<V, T>): Aggregator<V, Kept<Scored<T>>, readonly T[], unknown> {
  const { k, score, sequence, select } = options
  const byScore = (a: Scored<T>, b: Scored<T>) => b.score - a.score || a.sequence - b.sequence
  const entry = (value: V) => ({
    score: finite('topK', 'score', score(value)) + 0,
    sequence: finite('topK', 'sequence', sequence(value)),
    value: select(value),
  })
  const best = bounded<V, T, Scored<T>>({ kind: 'topK', limit: k, inOrder: byScore, entry })
  return { ...best, result: (into) => best.result(into).values }
}

interface BoundedOptions<V, T, E extends Sequenced<T>> {
  readonly kind: string
  readonly limit: number
  readonly inOrder: (a: E, b: E) => number
  readonly entry: (value: V) => E
}

/** Keeps the first `limit` entries in an order, and counts the others. */
function bounded<V, T, E extends Sequenced<T>>(options: BoundedOptions<V, T, E>) {
  const { kind, limit, inOrder, entry } = options
  if (!Number.isSafeInteger(limit) || limit <= 0) {
    throw new RangeError(`${kind}: the limit must be a positive whole number, got ${limit}`)
  }
  const insert = (into: Kept<E>, added: E) => {
    const { kept } = into
    let index = kept.length
    while (index > 0 && inOrder(kept[index - 1]!, added) > 0) index--
    if (index < limit) kept.splice(index, 0, added)
    else into.omitted++
    if (kept.length > limit) {
      kept.pop()
      into.omitted++
    }
    return into
  }
  return {
    kind,
    init: (): Kept<E> => ({ kept: [], omitted: 0 }),
    add: (into: Kept<E>, value: V) => insert(into, entry(value)),
    merge(left: Kept<E>, right: Kept<E>) {
      for (const added of right.kept) insert(left, added)
      left.omitted += right.omitted
      return left
    },
    result: ({ kept, omitted }: Kept<E>): Collected<T> => ({ values: kept.map(({ value }) => value), omitted }),
  }
}

function finite(kind: string, what: string, value: number): number {
  if (Number.isFinite(value)) return value
  throw new RangeError(`${kind}: the ${what} ${value} is not a finite number`)
}
