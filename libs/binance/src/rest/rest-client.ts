import { describeConnectFailure } from '../connect-failure.ts'
import { systemClock, type FeedClock } from '../feed-clock.ts'
import {
  defaultRatePolicy,
  freshRateBudget,
  settleWeight,
  spendWeight,
  type RateAnswer,
  type RatePolicy,
  type WaitReason,
} from './rate-budget.ts'
import { RestError } from './rest-error.ts'
import { rateAnswer, readReply, type RestReply } from './rest-reply.ts'

/** Every limit of the client; the defaults are `defaultRestLimits`. */
export interface RestLimits extends RatePolicy {
  /** How long an answer may take, to its last byte. The exchange itself gives up after 10 s. */
  readonly timeoutMs: number
  /** A larger answer is cut off as `unavailable`. The longest by far is `exchangeInfo`. */
  readonly maxBodyBytes: number
}

export const defaultRestLimits: RestLimits = { ...defaultRatePolicy, timeoutMs: 12_000, maxBodyBytes: 64_000_000 }

export interface RestClientOptions extends Partial<RestLimits> {
  /** The exchange's address without a path, such as `https://api.binance.com`. */
  readonly url: string
  readonly clock?: Pick<FeedClock, 'elapsedMs' | 'setTimer'>
}

export interface RestRequest {
  readonly path: string
  /** Undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** What the exchange counts for it. */
  readonly weight: number
  /** Asks for times in microseconds. */
  readonly inMicroseconds?: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks the exchange over HTTP and keeps to its budget of weight: a request that would go over it, or that comes before the end of a 429 or
 * a ban, is not sent but rejects at once as `rate-limited`. It never waits and never asks twice: when to ask again is the caller's to say.
 * All requests to one exchange should go through one client, since its limits count for the whole address.
 */
export class RestClient {
  readonly url: string
  readonly #host: string
  readonly #limits: RestLimits
  readonly #clock: Pick<FeedClock, 'elapsedMs' | 'setTimer'>
  #budget = freshRateBudget

  /** Throws a RangeError for an address that can't be used. */
  constructor(options: RestClientOptions) {
    this.url = restBase(options.url)
    this.#host = new URL(this.url).host
    this.#limits = { ...defaultRestLimits, ...options }
    this.#clock = options.clock ?? systemClock
  }

  /** The JSON of the answer. Rejects with a `RestError`, or with the reason of `signal`. */
  async get(request: RestRequest): Promise<unknown> {
    const { weight, path, signal } = request
    signal?.throwIfAborted()
    const what = `${this.#host}${path}`
    this.#spend(weight, what)
    const reply = await this.#ask(request, what).catch((error: unknown) => {
      this.#settle({ weight })
      throw error
    })
    this.#settle(rateAnswer(reply, weight))
    const retryAfterMs = Math.max(0, this.#budget.blocked.untilMs - this.#clock.elapsedMs())
    return readReply(reply, { what, retryAfterMs })
  }

  #spend(weight: number, what: string): void {
    const nowMs = this.#clock.elapsedMs()
    const decision = spendWeight(this.#budget, weight, { nowMs, policy: this.#limits })
    if (decision.kind === 'wait') {
      const retryAfterMs = decision.untilMs - nowMs
      const message = `${what} was not asked: ${reasons[decision.reason]}, for another ${Math.ceil(retryAfterMs / 1_000)} s`
      throw new RestError('rate-limited', message, { retryAfterMs })
    }
    this.#budget = decision.budget
  }

  #settle(answer: RateAnswer): void {
    const context = { nowMs: this.#clock.elapsedMs(), policy: this.#limits }
    this.#budget = settleWeight(this.#budget, answer, context)
  }

  async #ask(request: RestRequest, what: string): Promise<RestReply> {
    const { timeoutMs } = this.#limits
    const timeout = new AbortController()
    const cancelTimer = this.#clock.setTimer(timeoutMs, () => timeout.abort())
    const { signal, inMicroseconds } = request
    try {
      const response = await fetch(this.#address(request), {
        signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]),
        headers: inMicroseconds === true ? { 'X-MBX-TIME-UNIT': 'MICROSECOND' } : {},
      })
      const text = await this.#readBody(response, what)
      return { status: response.status, header: (name) => response.headers.get(name), text }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof RestError) throw error
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error)
      const reason = timeout.signal.aborted
        ? `${what} did not answer within ${timeoutMs / 1_000} s`
        : describeConnectFailure(cause, this.url)
      throw new RestError('unavailable', reason, { cause: error })
    } finally {
      cancelTimer()
    }
  }

  #address({ path, query = {} }: RestRequest): string {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
    return `${this.url}${path}${search.size === 0 ? '' : `?${search.toString()}`}`
  }

  async #readBody(response: Response, what: string): Promise<string> {
    const { maxBodyBytes } = this.#limits
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of bodyOf(response)) {
      chunks.push(chunk)
      length += chunk.length
      // Leaving the loop cancels the rest.
      if (length > maxBodyBytes) {
        throw new RestError('unavailable', `${what} answered more than ${maxBodyBytes} bytes`, {
          status: response.status,
        })
      }
    }
    return Buffer.concat(chunks).toString('utf8')
  }
}

/** Typed by hand: iterating the platform's own type gives anything. */
function bodyOf({ body }: Response): AsyncIterable<Uint8Array> | readonly Uint8Array[] {
  return (body as AsyncIterable<Uint8Array> | null) ?? []
}

const reasons: Readonly<Record<WaitReason, string>> = {
  spent: 'the budget of weight is spent',
  shared: 'others at this address have used the weight up',
  limited: 'the exchange said that it was too much',
  banned: 'the exchange has banned this address',
}

/** The base without a slash at its end. */
function restBase(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new RangeError(`the exchange's address ${JSON.stringify(text)} is not an http:// or https:// address`)
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new RangeError(
      `the exchange's address ${JSON.stringify(text)} has a path: give the host alone, such as ${url.protocol}//${url.host}`,
    )
  }
  return `${url.protocol}//${url.host}`
}
