import { parseDecimal, parseExactDecimal } from './decimal.ts'
import {
  isObject,
  notA,
  readInteger,
  readPositiveDecimal,
  readSymbol,
  readTimeMs,
  type JsonObject,
} from './payload-fields.ts'
import { quoted, type Flaw } from './rejection.ts'

/**
 * Reads the fields of one JSON object one by one and remembers the first that is not what was asked for: look at `flaw` before the values
 * are used, which are empty where they are flawed. Messages begin with `where`, such as `kline`.
 */
export class FieldReader {
  readonly #payload: JsonObject
  readonly #where: string
  #flaw: Flaw | undefined

  constructor(payload: unknown, where: string) {
    this.#where = where
    this.#payload = isObject(payload) ? payload : {}
    if (payload === undefined) this.#flaw = { code: 'missing-field', message: `${where} is missing` }
    else if (!isObject(payload))
      this.#flaw = { code: 'wrong-type', message: `${where} is ${quoted(payload)}, not an object` }
  }

  get flaw(): Flaw | undefined {
    return this.#flaw
  }

  /** The value, or what is wrong with the fields that it was read from. */
  finish<T extends object>(value: T): T | Flaw {
    return this.#flaw ?? value
  }

  symbol(field: string): string {
    return this.#keep(readSymbol(this.#payload, field), '')
  }

  text(field: string): string {
    const value = this.#payload[field]
    return this.#keep(typeof value === 'string' ? value : notA('string', field, value), '')
  }

  flag(field: string): boolean {
    const value = this.#payload[field]
    return this.#keep(typeof value === 'boolean' ? value : notA('boolean', field, value), false)
  }

  integer(field: string): number {
    return this.#keep(readInteger(this.#payload, field), 0)
  }

  /** An id, or null for -1: the exchange's word for none. */
  idOrNone(field: string): number | null {
    return this.#payload[field] === -1 ? null : this.integer(field)
  }

  timeMs(field: string): number {
    return this.#keep(readTimeMs(this.#payload, field), 0)
  }

  /** Above zero, and lossless. */
  positive(field: string): number {
    return this.#keep(readPositiveDecimal(this.#payload, field, `field ${field}`), 0)
  }

  /** Zero or more, and lossless. */
  decimal(field: string): number {
    const value = this.text(field)
    return this.#flaw === undefined ? this.#keep(parseDecimal(value, `field ${field}`), 0) : 0
  }

  /** A sum, as the text that was sent: no double need hold it. */
  sum(field: string): string {
    const value = this.text(field)
    return this.#flaw === undefined ? this.#keep(parseExactDecimal(value, `field ${field}`), '') : ''
  }

  #keep<T extends string | number | boolean>(value: T | Flaw, none: T): T {
    if (typeof value !== 'object') return value
    this.#flaw ??= { code: value.code, message: `${this.#where}: ${value.message}` }
    return none
  }
}
