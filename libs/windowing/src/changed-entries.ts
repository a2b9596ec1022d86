import { EntryError } from './entry-error.ts'

/** Something that a changelog keeps as one entry. */
export interface TrackedEntry {
  /** Since the last `take`. */
  changed: boolean
  /** The changelog has it. */
  stored: boolean
}

/** A changelog's entry: its key, and its JSON-safe data; undefined: it is gone. */
export type ChangedEntry = readonly [entryKey: string, data: unknown]

/** Which entries have changed, at the cost of a flag for each change. */
export class ChangedEntries<E extends TrackedEntry> {
  readonly #tracking: boolean
  readonly #keyOf: (entry: E) => string
  readonly #dataOf: (entry: E) => unknown
  #changed: E[] = []

  /** Without `tracking` nothing is remembered, since nobody would take it. `dataOf` is undefined for an entry that is gone. */
  constructor(options: { tracking: boolean; keyOf: (entry: E) => string; dataOf: (entry: E) => unknown }) {
    this.#tracking = options.tracking
    this.#keyOf = options.keyOf
    this.#dataOf = options.dataOf
  }

  touch(entry: E): void {
    if (entry.changed) return
    entry.changed = true
    if (this.#tracking) this.#changed.push(entry)
  }

  /** Each entry that has changed, once; one that came and went in between is left out. Throws an EntryError for one whose data can't be told. */
  *take(): Iterable<ChangedEntry> {
    const changed = this.#changed
    this.#changed = []
    const gone = new Set<string>()
    for (const entry of changed) {
      entry.changed = false
      const data = this.#told(entry)
      const wasStored = entry.stored
      entry.stored = data !== undefined
      if (data === undefined && !wasStored) continue
      const entryKey = this.#keyOf(entry)
      if (data === undefined) {
        gone.add(entryKey)
        continue
      }
      // One that is gone may have a successor of the same name, which comes after it.
      if (gone.size > 0) gone.delete(entryKey)
      yield [entryKey, data]
    }
    for (const entryKey of gone) yield [entryKey, undefined]
  }

  #told(entry: E): unknown {
    try {
      return this.#dataOf(entry)
    } catch (error) {
      throw new EntryError(this.#keyOf(entry), error)
    }
  }
}

/** `name` may hold anything; the kind and the number come first. */
export function entryKeyOf(kind: 'key' | 'window' | 'record' | 'clock', number: number | string, name: string): string {
  return `${kind[0] ?? ''}${number}:${name}`
}

/** An entry's key in its parts: a key's own state (`k`), a window (`w`), a record (`r`) or a clock (`c`); its number, such as a window's start; the name of its key. */
export interface ParsedEntryKey {
  readonly kind: 'k' | 'w' | 'r' | 'c'
  readonly number: string
  readonly name: string
}

/** Throws an Error for a key that no operator has written. */
export function parseEntryKey(entryKey: string): ParsedEntryKey {
  const kind = entryKey[0]
  const colon = entryKey.indexOf(':')
  const isKind = kind === 'k' || kind === 'w' || kind === 'r' || kind === 'c'
  const number = entryKey.slice(1, colon)
  if (!isKind || colon < 1 || Number.isNaN(Number(number))) {
    throw new Error(`state entry ${entryKey}: not the key of a window, a record, a clock or a key's own state`)
  }
  return { kind, number, name: entryKey.slice(colon + 1) }
}
