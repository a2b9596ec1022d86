import type { ChangedEntry } from './changed-entries.ts'

/**
 * State entries as a changelog has them, which are known by their keys alone until they are taken: those of a name (a key of the stream)
 * together. Each has a number of its own, by which what its key says is found.
 */
export interface DormantEntries {
  /** How many are left. */
  readonly size: number
  /** All that are left. */
  all(): Iterable<number>
  isTaken(entry: number): boolean
  /** The letter that its key begins with. */
  kindOf(entry: number): string
  /** The number in its key: of a window of time, its start. */
  numberOf(entry: number): number
  nameOf(entry: number): string
  /** Those of a name that are left. */
  entriesOf(name: string): readonly number[]
  /** Takes those of a name, as `changes` gave them. */
  take(name: string): readonly ChangedEntry[]
}
