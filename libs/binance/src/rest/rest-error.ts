/**
 * Why the exchange gave no data. `rate-limited`: not now (429, 418, or our own budget is spent). `unavailable`: no answer, or one that says
 * nothing about the request (5xx, a body that is none, a firewall's 403). `unauthorised`: a key is wanted, or the address is turned away. `not-served`: this
 * host has no such route. `unknown-symbol`: one of the symbols does not exist there. `refused`: the request is wrong.
 */
export type RestErrorCode =
  'rate-limited' | 'unavailable' | 'unauthorised' | 'not-served' | 'unknown-symbol' | 'refused'

export interface RestErrorDetails {
  readonly cause?: unknown
  /** Of the HTTP answer, where there was one. */
  readonly status?: number | undefined
  /** The exchange's own number for the error, such as -1121. */
  readonly exchangeCode?: number | undefined
  /** No request before this many milliseconds have passed; always set where `rate-limited`. */
  readonly retryAfterMs?: number | undefined
}

/** A request to the exchange failed; the message names the address, the route and the likely cause. */
export class RestError extends Error {
  override readonly name = 'RestError'
  readonly code: RestErrorCode
  readonly status: number | undefined
  readonly exchangeCode: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: RestErrorCode, message: string, details: RestErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = details.status
    this.exchangeCode = details.exchangeCode
    this.retryAfterMs = details.retryAfterMs
  }

  /** True where the same request can succeed later without anyone doing anything. */
  get retriable(): boolean {
    return this.code === 'rate-limited' || this.code === 'unavailable'
  }
}
