import type { PublishedTrades } from '../history/published-trades.ts'
import { MARKET_ROUTES } from './market-routes.ts'
import { Parameters } from './parameters.ts'
import { RequestBudget, WEIGHT_PER_MINUTE } from './request-budget.ts'
import type { Admission } from './request-budget.ts'
import { restError } from './rest-error.ts'
import type { RestError } from './rest-error.ts'

/** How the exchange words what is wrong on its side, by status. */
const SERVER_ERRORS: Readonly<Record<number, readonly [code: number, msg: string]>> = {
  503: [-1008, 'Server is currently overloaded with other requests. Please try again in a few minutes.'],
  504: [-1007, 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.'],
}

/** Addresses whose budgets are kept; the one seen first is forgotten for one more. */
const MAX_ADDRESSES = 10_000

export interface RestCall {
  /** Below `/api/v3/`, such as `ticker/24hr`. */
  readonly name: string
  readonly query: URLSearchParams
  /** The header X-MBX-TIME-UNIT. */
  readonly timeUnit: string | undefined
  /** Who asks: limits are per address. */
  readonly address: string
  /** This machine's time, which the limits go by. */
  readonly clockMs: number
}

/** The market as a call finds it. */
export interface MarketState {
  readonly symbols: readonly string[]
  readonly published: () => Promise<PublishedTrades>
  readonly nowMs: number
  readonly databaseLagMs: number
}

export interface RestReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

export interface RestApiOptions {
  /** Default 6,000. */
  readonly weightPerMinute?: number | undefined
  /** Off for a host that has market data only; default on. */
  readonly historicalTrades?: boolean | undefined
}

/** The exchange's REST side as a function of a call and the market, apart from the budgets of the addresses. */
export class RestApi {
  readonly #weightPerMinute: number
  readonly #isOff: (name: string) => boolean
  readonly #budgets = new Map<string, RequestBudget>()

  constructor({ weightPerMinute = WEIGHT_PER_MINUTE, historicalTrades = true }: RestApiOptions) {
    this.#weightPerMinute = weightPerMinute
    this.#isOff = (name) => name === 'historicalTrades' && !historicalTrades
  }

  async answer({ name, query, timeUnit, address, clockMs }: RestCall, market: MarketState): Promise<RestReply> {
    const route = this.#isOff(name) ? undefined : MARKET_ROUTES.get(name)
    const admission = this.#budgetOf(address).admit(route?.weight(query) ?? 1, clockMs)
    const headers = {
      'x-mbx-used-weight': `${admission.usedWeight}`,
      'x-mbx-used-weight-1m': `${admission.usedWeight}`,
    }
    if (admission.kind !== 'admitted') return limitReply(admission, this.#weightPerMinute, headers)
    if (route === undefined) return { status: 404, headers, body: { code: -1000, msg: `no such endpoint: ${name}` } }
    const unit = timeUnit?.toUpperCase()
    if (unit !== undefined && unit !== 'MICROSECOND' && unit !== 'MILLISECOND') {
      const msg = 'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.'
      return errorReply(restError(-1194, msg), headers)
    }
    const time = unit === 'MICROSECOND' ? (timeMs: number) => timeMs * 1000 : (timeMs: number) => timeMs
    const parameters = new Parameters(query)
    const outcome = await route.answer({ ...market, parameters, time, weightPerMinute: this.#weightPerMinute })
    return outcome.ok ? { status: 200, headers, body: outcome.body } : errorReply(outcome.error, headers)
  }

  #budgetOf(address: string): RequestBudget {
    const known = this.#budgets.get(address)
    if (known !== undefined) return known
    const oldest = this.#budgets.keys().next()
    if (this.#budgets.size >= MAX_ADDRESSES && oldest.value !== undefined) this.#budgets.delete(oldest.value)
    const budget = new RequestBudget(this.#weightPerMinute)
    this.#budgets.set(address, budget)
    return budget
  }
}

function errorReply({ status, code, msg }: RestError, headers: RestReply['headers']): RestReply {
  return { status, headers, body: { code, msg } }
}

/** What a fault makes REST answer, as the exchange words it. */
export function faultReply(
  { status, retryAfterS = 1 }: { readonly status: number; readonly retryAfterS?: number | undefined },
  clockMs: number,
): RestReply {
  const limit = { usedWeight: WEIGHT_PER_MINUTE, retryAfterS }
  if (status === 429) return limitReply({ kind: 'limited', ...limit }, WEIGHT_PER_MINUTE)
  if (status === 418) {
    return limitReply({ kind: 'banned', ...limit, untilMs: clockMs + retryAfterS * 1000 }, WEIGHT_PER_MINUTE)
  }
  const [code, msg] = SERVER_ERRORS[status] ?? [-1000, 'An unknown error occurred while processing the request.']
  return { status, headers: {}, body: { code, msg } }
}

/** 429 for an address that has used up its minute, 418 for one that is banned; `Retry-After` says for how long. */
export function limitReply(
  admission: Exclude<Admission, { kind: 'admitted' }>,
  weightPerMinute: number,
  headers: RestReply['headers'] = {},
): RestReply {
  const retryAfter = { ...headers, 'retry-after': `${admission.retryAfterS}` }
  const msg =
    admission.kind === 'limited'
      ? `Too much request weight used; current limit is ${weightPerMinute} request weight per 1 MINUTE. ` +
        'Please use WebSocket Streams for live updates to avoid polling the API.'
      : `Way too much request weight used; IP banned until ${admission.untilMs}. ` +
        'Please use WebSocket Streams for live updates to avoid bans.'
  return { status: admission.kind === 'limited' ? 429 : 418, headers: retryAfter, body: { code: -1003, msg } }
}
