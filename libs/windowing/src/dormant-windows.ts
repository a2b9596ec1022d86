import type { ChangedEntry } from './changed-entries.ts'
import type { DormantKeys } from './closing-keys.ts'
import type { DormantEntries } from './dormant-entries.ts'

/** Windows of one size that are still entries of a changelog, and when they close. */
export class DormantWindows implements DormantKeys {
  /** How many there were at first. */
  readonly count: number
  /** How many keys had a state of their own beside them at first. */
  readonly keyCount: number
  readonly #entries: DormantEntries
  readonly #sizeMs: number
  /** By their ends. */
  readonly #windows = new Map<number, number[]>()
  /** The last one first. */
  readonly #endsMs: number[]
  /** Names of those that end first, the last one first, once they are asked for. */
  #due: string[] | undefined

  /** Throws an Error for an entry that is neither a window nor a key's own state. */
  constructor(entries: DormantEntries, sizeMs: number) {
    this.#entries = entries
    this.#sizeMs = sizeMs
    let count = 0
    let keyCount = 0
    let endMs = NaN
    let ending: number[] = []
    for (const entry of entries.all()) {
      if (!this.#isWindow(entry)) {
        keyCount++
        continue
      }
      const endsMs = entries.numberOf(entry) + sizeMs
      // Windows of many keys end together.
      if (endsMs !== endMs) {
        endMs = endsMs
        ending = this.#windows.get(endMs) ?? []
        this.#windows.set(endMs, ending)
      }
      ending.push(entry)
      count++
    }
    this.count = count
    this.keyCount = keyCount
    this.#endsMs = [...this.#windows.keys()].sort((a, b) => b - a)
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  get nextCloseMs(): number {
    return this.#endsMs.at(-1) ?? Infinity
  }

  nextKey(): string | undefined {
    const endMs = this.nextCloseMs
    this.#due ??= this.#windows
      .get(endMs)
      ?.filter((entry) => !this.#entries.isTaken(entry))
      .map((entry) => this.#entries.nameOf(entry))
      .sort()
      .reverse()
    const key = this.#due?.at(-1)
    if (key !== undefined) return key
    this.#due = undefined
    this.#endsMs.pop()
    this.#windows.delete(endMs)
    return undefined
  }

  nextCloseMsOf(key: string): number {
    let nextMs = Infinity
    for (const entry of this.#entries.entriesOf(key)) {
      if (this.#isWindow(entry)) nextMs = Math.min(nextMs, this.#entries.numberOf(entry) + this.#sizeMs)
    }
    return nextMs
  }

  take(key: string): readonly ChangedEntry[] {
    if (this.#due?.at(-1) === key) this.#due.pop()
    return this.#entries.take(key)
  }

  #isWindow(entry: number): boolean {
    const kind = this.#entries.kindOf(entry)
    if (kind === 'w' || kind === 'k') return kind === 'w'
    throw new Error(`state entry of ${this.#entries.nameOf(entry)}: of kind ${kind}, which no window has written`)
  }
}
