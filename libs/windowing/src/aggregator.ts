import type { Window } from './window.ts'

/** What a window's result may depend on besides what was folded. */
export interface ResultContext<K = string> {
  readonly key: K
  readonly window: Window
  /** Records of this key that came too late for a window of this size since the key's previous result. */
  readonly lateCount: number
  /** Processing time, for a field that says when a result left. Nothing else may depend on it. */
  readonly nowMs: number
}

/**
 * The fold of one window: `init` makes an empty accumulator, `add` takes a record in, `result` turns the accumulator into what
 * leaves the window.
 *
 * `add` and `merge` may change the accumulator they are given and return it. For results that do not depend on the order in
 * which records arrive, the fold itself must not: order by a sequence in the value, and sum with `ExactSum`.
 *
 * `K` is the type of the keys that `result` is told; `unknown` where it does not ask.
 */
export interface Aggregator<V, A, R = A, K = string> {
  /**
   * Names what its accumulators are, such as `count`: open windows that one aggregator has left are not taken up by one of another kind. Without it, the shape of
   * a new accumulator tells.
   */
  readonly kind?: string
  init(): A
  add(accumulator: A, value: V): A
  /**
   * Takes in the rest of a record whose beginning is in an earlier window: a volume window splits records. Without it, `add`
   * does; an aggregator that counts records has it, so that none is counted twice.
   */
  addRest?(accumulator: A, rest: V): A
  /** Claimed only if merging the folds of two parts equals folding all their records at once. */
  merge?(left: A, right: A): A
  /** May be asked more than once for the same accumulator, and must not change it: a window may tell of updates. */
  result(accumulator: A, context: ResultContext<K>): R
  /**
   * The accumulator as a JSON-safe value, for a changelog; without it, the accumulator is one itself. It may share its insides:
   * it is written before the next record is added.
   */
  snapshot?(accumulator: A): unknown
  /** The accumulator of a snapshot that went through JSON; it folds on as the one that the snapshot was taken of. */
  restore?(data: unknown): A
}
