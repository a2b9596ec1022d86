import { SimulatorError } from './simulator-error.ts'

/** Most separate runs of ids kept for one symbol; a feed whose ids are that scattered is no trade feed. */
export const MAX_ID_RANGES = 1_000_000

interface Range {
  first: number
  last: number
}

/** A set of ids, kept as runs of consecutive ones: small for trade ids, which come nearly always in sequence. */
export class IdRanges {
  readonly #ranges: Range[] = []
  #count = 0

  /** Number of distinct ids. */
  get count(): number {
    return this.#count
  }

  get first(): number | null {
    return this.#ranges[0]?.first ?? null
  }

  get last(): number | null {
    return this.#ranges.at(-1)?.last ?? null
  }

  /** The runs, each as first and last id, ascending. */
  get runs(): readonly (readonly [first: number, last: number])[] {
    return this.#ranges.map(({ first, last }) => [first, last])
  }

  /** Adds an id; false where it was there already. */
  add(id: number): boolean {
    const at = this.#indexAfter(id)
    const before = this.#ranges[at - 1]
    const after = this.#ranges[at]
    if (before !== undefined && id <= before.last) return false
    this.#count += 1
    const touchesBefore = before !== undefined && before.last === id - 1
    const touchesAfter = after !== undefined && after.first === id + 1
    if (touchesBefore && touchesAfter) {
      before.last = after.last
      this.#ranges.splice(at, 1)
    } else if (touchesBefore) {
      before.last = id
    } else if (touchesAfter) {
      after.first = id
    } else {
      if (this.#ranges.length === MAX_ID_RANGES) {
        throw new SimulatorError('bad-recording', `trade ids form more than ${MAX_ID_RANGES} separate runs`)
      }
      this.#ranges.splice(at, 0, { first: id, last: id })
    }
    return true
  }

  /** Index of the first range that starts above the id. */
  #indexAfter(id: number): number {
    let low = 0
    let high = this.#ranges.length
    const last = this.#ranges[high - 1]
    if (last === undefined || last.first <= id) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle] as Range).first <= id) low = middle + 1
      else high = middle
    }
    return low
  }
}
