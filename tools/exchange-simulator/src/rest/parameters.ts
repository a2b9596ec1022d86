import { inMs } from '../frame-times.ts'
import { restError } from './rest-error.ts'
import type { RestError } from './rest-error.ts'

const SYMBOL_RANGE = /^[\p{Lu}\p{Lo}\p{N}\-_.]{1,32}$/u
const SYMBOL_RANGE_TEXT = '^[A-Z0-9-_.]{1,20}$'
const LIST_RANGE_TEXT = '^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$'
const INTEGER_RANGE_TEXT = '^[0-9]{1,20}$'

/**
 * The parameters of a request. Each is read by name; what is wrong with the first bad one is kept as the `issue`, and
 * those that nobody read are an issue too, so that a request is judged by `issue` once all were read.
 */
export class Parameters {
  readonly #query: URLSearchParams
  readonly #read = new Set<string>()
  #issue: RestError | undefined

  constructor(query: URLSearchParams) {
    this.#query = query
    const names = [...query.keys()]
    if (new Set(names).size < names.length) this.fail(restError(-1101, 'Duplicate values for a parameter detected.'))
  }

  get issue(): RestError | undefined {
    const sent = [...this.#query.keys()]
    const read = sent.filter((name) => this.#read.has(name)).length
    if (this.#issue !== undefined || read === sent.length) return this.#issue
    return restError(
      -1104,
      `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${sent.length}'.`,
    )
  }

  fail(issue: RestError): void {
    this.#issue ??= issue
  }

  /** Undefined where it was not sent. */
  text(name: string): string | undefined {
    this.#read.add(name)
    const value = this.#query.get(name)
    if (value === '') this.fail(restError(-1105, `Parameter '${name}' was empty.`))
    return value === null || value === '' ? undefined : value
  }

  mandatory(name: string): string {
    const value = this.#query.get(name)
    if (value === null || value === '') {
      this.#read.add(name)
      this.fail(restError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`))
      return ''
    }
    return this.text(name) ?? ''
  }

  /** The name of a symbol, which need not exist. */
  symbol(): string {
    return this.#symbolName(this.mandatory('symbol'))
  }

  /** `symbol` as a list of one, or `symbols`; undefined where neither was sent. */
  symbols(): { readonly names: readonly string[]; readonly isSingle: boolean } | undefined {
    const single = this.text('symbol')
    const list = this.text('symbols')
    if (single !== undefined && list !== undefined) {
      this.fail(restError(-1128, 'Combination of optional parameters invalid.'))
    }
    if (single !== undefined) return { names: [this.#symbolName(single)], isSingle: true }
    return list === undefined ? undefined : { names: this.#nameList(list), isSingle: false }
  }

  integer(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (!/^\d{1,20}$/.test(text)) this.fail(illegal(name, INTEGER_RANGE_TEXT))
    else if (!Number.isSafeInteger(Number(text))) this.fail(notValid(name))
    return Number(text)
  }

  /** More than the greatest counts as the greatest: what the exchange does is not documented. */
  limit(greatest = 1000): number {
    const limit = this.integer('limit') ?? 500
    if (limit === 0) this.fail(notValid('limit'))
    return Math.min(limit, greatest)
  }

  /** In ms, also where µs were sent. */
  time(name: string): number | undefined {
    const time = this.integer(name)
    return time === undefined ? undefined : inMs(time)
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const choice = choices.find((known) => known === text)
    if (choice === undefined) this.fail(notValid(name))
    return choice
  }

  #symbolName(text: string): string {
    if (text !== '' && !SYMBOL_RANGE.test(text)) this.fail(illegal('symbol', SYMBOL_RANGE_TEXT))
    return text
  }

  #nameList(text: string): readonly string[] {
    const names = parseJson(text)
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && SYMBOL_RANGE.test(name))) {
      this.fail(illegal('symbols', LIST_RANGE_TEXT))
      return []
    }
    if (new Set(names).size < names.length) {
      this.fail(restError(-1151, 'Symbol is present multiple times in the list.'))
    }
    return names as string[]
  }
}

export function notValid(name: string): RestError {
  return restError(-1130, `Data sent for parameter '${name}' is not valid.`)
}

function illegal(name: string, range: string): RestError {
  return restError(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
