import { recomputeWindows, type Sample, type SampleWindow } from './jobs.ts'

/** A record as it was read back. */
export interface ReadRecord<V> {
  readonly partition: number
  readonly key: string
  readonly value: V
}

/** How many violations of each kind there were; all zero is what exactly-once promises. */
export interface Verdict {
  readonly lost: number
  readonly duplicate: number
  readonly reordered: number
  readonly mismatching: number
  readonly openTransactions: number
}

export type Guaranteed = 'at-least-once' | 'exactly-once'

/** True if a run kept its promise: after a crash, at-least-once may repeat (and so be out of order), never miss or differ. */
export function isKept(verdict: Verdict, guarantee: Guaranteed): boolean {
  const { lost, duplicate, reordered, mismatching, openTransactions } = verdict
  const always = lost + mismatching + openTransactions
  return guarantee === 'exactly-once' ? always + duplicate + reordered === 0 : always === 0
}

/** Copies against their originals: every sequence number of a key once, in ascending order. */
export function judgeCopies(
  written: readonly ReadRecord<Sample>[],
  read: readonly ReadRecord<Sample>[],
): Omit<Verdict, 'openTransactions'> {
  const originals = new Map(written.map((record) => [nameOf(record), record.value]))
  const seen = new Map<string, number>()
  const last = new Map<string, number>()
  let reordered = 0
  let mismatching = 0
  for (const record of read) {
    const { key, value } = record
    const original = originals.get(nameOf(record))
    if (original === undefined || !isSame(original, value)) mismatching++
    seen.set(nameOf(record), (seen.get(nameOf(record)) ?? 0) + 1)
    if (value.sequence < (last.get(key) ?? -1)) reordered++
    last.set(key, value.sequence)
  }
  return {
    lost: [...originals.keys()].filter((name) => !seen.has(name)).length,
    duplicate: repetitions(seen),
    reordered,
    mismatching,
  }
}

/** Results of windows against a recomputation of all of them: each once, equal, in ascending order of a key's windows. */
export function judgeWindows(
  written: readonly ReadRecord<Sample>[],
  read: readonly ReadRecord<SampleWindow>[],
): Omit<Verdict, 'openTransactions'> {
  const expected = recomputeWindows(written.map(({ key, value }) => [key, value] as const))
  const seen = new Map<string, number>()
  const last = new Map<string, number>()
  let reordered = 0
  let mismatching = 0
  for (const { key, value } of read) {
    const name = `${key} ${value.startMs}`
    const truth = expected.get(name)
    if (truth === undefined || !isSame(truth, value)) mismatching++
    seen.set(name, (seen.get(name) ?? 0) + 1)
    if (value.startMs < (last.get(key) ?? -1)) reordered++
    last.set(key, value.startMs)
  }
  return {
    lost: [...expected.keys()].filter((name) => !seen.has(name)).length,
    duplicate: repetitions(seen),
    reordered,
    mismatching,
  }
}

function nameOf({ key, value }: ReadRecord<Sample>): string {
  return `${key} ${value.sequence}`
}

function repetitions(seen: ReadonlyMap<string, number>): number {
  return [...seen.values()].reduce((sum, count) => sum + count - 1, 0)
}

function isSame<T extends object>(expected: T, actual: T): boolean {
  return (Object.keys(expected) as (keyof T)[]).every((field) => expected[field] === actual[field])
}
