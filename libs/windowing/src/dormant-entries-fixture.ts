import { parseEntryKey, type ChangedEntry } from './changed-entries.ts'
import type { DormantEntries } from './dormant-entries.ts'

/** Entries that wait as text. */
export class TextEntries implements DormantEntries {
  readonly #keys: readonly string[]
  readonly #texts: Map<string, string>

  constructor(texts: ReadonlyMap<string, string>) {
    this.#keys = [...texts.keys()]
    this.#texts = new Map(texts)
  }

  get size(): number {
    return this.#texts.size
  }

  all(): number[] {
    return [...this.#keys.keys()].filter((entry) => !this.isTaken(entry))
  }

  isTaken(entry: number): boolean {
    return !this.#texts.has(this.#keys[entry]!)
  }

  kindOf(entry: number): string {
    return parseEntryKey(this.#keys[entry]!).kind
  }

  numberOf(entry: number): number {
    return Number(parseEntryKey(this.#keys[entry]!).number)
  }

  nameOf(entry: number): string {
    return parseEntryKey(this.#keys[entry]!).name
  }

  entriesOf(name: string): number[] {
    return this.all().filter((entry) => this.nameOf(entry) === name)
  }

  take(name: string): ChangedEntry[] {
    return this.entriesOf(name).map((entry) => {
      const key = this.#keys[entry]!
      const data = JSON.parse(this.#texts.get(key)!) as unknown
      this.#texts.delete(key)
      return [key, data]
    })
  }
}
