import { LimitError } from '@tidemark/windowing'

/** One partition of a table, in memory: the last value of each key. */
export class TableState<T> {
  readonly name: string
  readonly #maxKeys: number
  readonly #values = new Map<string, T>()

  constructor(topic: string, maxKeys: number) {
    this.name = `table-${topic}`
    this.#maxKeys = maxKeys
  }

  size(): number {
    return this.#values.size
  }

  entries(): Iterable<readonly [key: string, value: T]> {
    return this.#values
  }

  get(key: string): T | undefined {
    return this.#values.get(key)
  }

  /** Throws a LimitError for one key too many. */
  set(key: string, value: T): void {
    if (this.#values.size >= this.#maxKeys && !this.#values.has(key)) {
      throw new LimitError(
        `${this.name} has ${this.#values.size} keys, the limit (maxKeys): too many for one partition`,
      )
    }
    this.#values.set(key, value)
  }

  delete(key: string): void {
    this.#values.delete(key)
  }
}
