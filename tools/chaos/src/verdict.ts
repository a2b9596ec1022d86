/** How many violations of each kind a reader saw; all zero is what exactly-once promises. */
export interface Judgement {
  readonly lost: number
  readonly duplicate: number
  readonly reordered: number
  readonly mismatching: number
}

/** Of a reader that comes when all is over. */
export interface Verdict extends Judgement {
  /** Undefined at least once, where there are no changelogs. */
  readonly state: StateJudgement | undefined
  /** Of one that read all along. */
  readonly during: Judgement
  /** Partitions of any topic of the application, and of the group's offsets, in which one is left. */
  readonly openTransactions: number
  /** Instances that ended though nobody ended them. */
  readonly died: readonly string[]
}

/** What an application keeps against what one that nothing happens to keeps of the same records. */
export interface StateJudgement {
  /** Of all states and partitions, in the changelogs: with none, nothing is compared. */
  readonly stateEntries: number
  /** The changelogs, without the application's name, of which the last versions of all entries have another hash. */
  readonly differingStates: readonly string[]
}

export type Guaranteed = 'at-least-once' | 'exactly-once'

/** What was promised to a run, and how what went wrong in it ended things. */
export interface Promised {
  readonly guarantee: Guaranteed
  readonly how: 'crash' | 'clean'
}

/**
 * True if a run kept its promise: after a crash, at-least-once may repeat (and so be out of order), never miss or differ. What ends cleanly
 * commits before, so that there is nothing to repeat.
 */
export function isKept(verdict: Verdict, { guarantee, how }: Promised): boolean {
  const mayRepeat = guarantee === 'at-least-once' && how === 'crash'
  const isRight = ({ lost, mismatching, duplicate, reordered }: Judgement): boolean =>
    lost + mismatching + (mayRepeat ? 0 : duplicate + reordered) === 0
  const { during, openTransactions, died, state } = verdict
  const isStateKept =
    guarantee === 'at-least-once' || ((state?.stateEntries ?? 0) > 0 && state?.differingStates.length === 0)
  const hasEnded = openTransactions === 0 && died.length === 0
  return isRight(verdict) && isRight(during) && hasEnded && isStateKept
}

/** A result with the name that it alone has. Those of one line have an order. */
export interface Named<V> {
  readonly name: string
  readonly line: string
  readonly value: V
}

/** What came out against what should have: each result once, equal, and each line in its order. */
export function judge<V extends object>(expected: readonly Named<V>[], read: readonly Named<V>[]): Judgement {
  const truths = new Map(expected.map(({ name, value }, place) => [name, { value, place }]))
  const seen = new Set<string>()
  const last = new Map<string, number>()
  let reordered = 0
  let mismatching = 0
  for (const { name, line, value } of read) {
    const truth = truths.get(name)
    seen.add(name)
    if (truth === undefined || !isSame(truth.value, value)) mismatching++
    if (truth === undefined) continue
    if (truth.place < (last.get(line) ?? -1)) reordered++
    last.set(line, truth.place)
  }
  return {
    lost: expected.filter(({ name }) => !seen.has(name)).length,
    duplicate: read.length - seen.size,
    reordered,
    mismatching,
  }
}

function isSame<T extends object>(expected: T, actual: T): boolean {
  return (Object.keys(expected) as (keyof T)[]).every((field) => expected[field] === actual[field])
}
