import { isObject } from '../payload-fields.ts'
import { quoted } from '../rejection.ts'
import type { RateAnswer } from './rate-budget.ts'
import { RestError, type RestErrorCode } from './rest-error.ts'

/** An HTTP answer, read to its end. */
export interface RestReply {
  readonly status: number
  /** The header of this name, in any case; null where there is none. */
  readonly header: (name: string) => string | null
  readonly text: string
}

/** What an answer to a request of this weight says about the budget. */
export function rateAnswer(reply: RestReply, weight: number): RateAnswer {
  const usedWeight = wholeNumber(reply.header('x-mbx-used-weight-1m'))
  const retryAfterS = wholeNumber(reply.header('retry-after'))
  const reason = refusalOf(reply)
  if (reason === undefined) return { weight, usedWeight }
  const retryAfterMs = retryAfterS === undefined ? undefined : retryAfterS * 1_000
  return { weight, usedWeight, refusal: { reason, retryAfterMs } }
}

/** Numbers of the exchange for: this request is fine, but not now. */
const busyCodes: ReadonlySet<number> = new Set([-1000, -1001, -1006, -1007, -1008, -1016])
const tooManyRequests = -1003
const unknownSymbol = -1121
/** A key is missing, malformed or not allowed to. */
const keyCodes: ReadonlySet<number> = new Set([-1002, -2014, -2015])

function refusalOf({ status, text }: RestReply): 'limited' | 'banned' | undefined {
  if (status === 418) return 'banned'
  if (status === 429) return 'limited'
  return status >= 400 && readFault(text)?.code === tooManyRequests ? 'limited' : undefined
}

export interface ReplyContext {
  /** Address and route, for messages. */
  readonly what: string
  /** How long nothing may be asked, by the budget after this answer. */
  readonly retryAfterMs: number
}

/**
 * The JSON of an answer. Throws a `RestError` for any other: an error of the exchange (flat, `{"code","msg"}`, or nested under `error`), or a
 * body that is no JSON.
 */
export function readReply(reply: RestReply, { what, retryAfterMs }: ReplyContext): unknown {
  const { status, text } = reply
  const isFine = status >= 200 && status < 300
  try {
    if (isFine) return JSON.parse(text) as unknown
  } catch (error) {
    const message = `${what} answered something that is not JSON, ${quoted(text)}: is this the exchange's address?`
    throw new RestError('unavailable', message, { status, cause: error })
  }
  const fault = readFault(text)
  const said = fault === undefined ? '' : `: ${fault.message} (${fault.code})`
  const code = refusalOf(reply) === undefined ? codeOf(status, fault?.code) : 'rate-limited'
  throw new RestError(code, `${what} answered with status ${status}${said || hintOf(status)}`, {
    status,
    exchangeCode: fault?.code,
    ...(code === 'rate-limited' && { retryAfterMs }),
  })
}

function codeOf(status: number, exchangeCode: number | undefined): RestErrorCode {
  if (exchangeCode !== undefined && keyCodes.has(exchangeCode)) return 'unauthorised'
  if (exchangeCode === unknownSymbol) return 'unknown-symbol'
  // Whatever it says: a missing route stays missing.
  if (status === 404) return 'not-served'
  if (exchangeCode !== undefined && busyCodes.has(exchangeCode)) return 'unavailable'
  if (status === 401 || status === 451) return 'unauthorised'
  // 403 without a number of the exchange is its firewall's, which lets go again.
  return status >= 500 || status === 408 || status === 403 ? 'unavailable' : 'refused'
}

function hintOf(status: number): string {
  return hints[status] ?? ''
}

const hints: Readonly<Record<number, string>> = {
  403: ': its firewall turned this address away, for a while',
  404: ': it has no such route; hosts for market data only have fewer than api.binance.com',
  451: ': the exchange does not serve this location; https://data-api.binance.vision does',
}

function readFault(text: string): { readonly code: number; readonly message: string } | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  const fault = isObject(body) && isObject(body['error']) ? body['error'] : body
  if (!isObject(fault) || typeof fault['code'] !== 'number') return undefined
  return { code: fault['code'], message: typeof fault['msg'] === 'string' ? fault['msg'] : 'no text' }
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
}
