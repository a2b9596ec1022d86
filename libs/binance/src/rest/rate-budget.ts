export interface RatePolicy {
  /**
   * Most weight that is spent in any 60 s. The exchange allows an address 6,000 a minute, whoever at it asks: what is left is for
   * others there, and for its minute not being ours.
   */
  readonly maxWeightPerMinute: number
  /** How long to keep still after 429, where the answer does not say; doubled by each in a row, up to `maxBlockMs`. */
  readonly limitedMs: number
  /** The same for 418, a ban: the exchange's begin at two minutes. */
  readonly bannedMs: number
  /** Longest wait that is assumed. One that the exchange names is kept to, however long. */
  readonly maxBlockMs: number
}

export const defaultRatePolicy: RatePolicy = {
  maxWeightPerMinute: 4_800,
  limitedMs: 60_000,
  bannedMs: 120_000,
  maxBlockMs: 3_600_000,
}

/** Why a request has to wait: our own spending, that of others at this address, 429 or 418. */
export type WaitReason = 'spent' | 'shared' | 'limited' | 'banned'

/** All times are on one clock that is never set back. */
export interface RateBudget {
  /** Weight by the time at which it stops counting, ascending; in steps of a second, so that it stays short. */
  readonly spent: readonly { readonly untilMs: number; readonly weight: number }[]
  /** Weight of requests that are not answered yet. */
  readonly inFlight: number
  /** What the exchange last said that this address has used, and until when that may count. */
  readonly reported: { readonly weight: number; readonly untilMs: number }
  readonly blocked: { readonly untilMs: number; readonly reason: 'limited' | 'banned' }
  /** Refusals since the last answer that was none. */
  readonly refusals: number
}

export const freshRateBudget: RateBudget = {
  spent: [],
  inFlight: 0,
  reported: { weight: 0, untilMs: -Infinity },
  blocked: { untilMs: -Infinity, reason: 'limited' },
  refusals: 0,
}

export interface RateContext {
  readonly nowMs: number
  readonly policy: RatePolicy
}

export type RateDecision =
  | { readonly kind: 'go'; readonly budget: RateBudget }
  /** Ask again at this time, which is later than now. */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly reason: WaitReason }

const minuteMs = 60_000
const stepMs = 1_000

/**
 * Whether a request of this weight may be sent now. In any 60 s at most `maxWeightPerMinute` is let go, so the exchange's limit holds
 * wherever its minute begins; the weight that it reports, which counts others at this address, and its refusals are honoured besides.
 * Pure. Throws a RangeError for a weight that no budget allows.
 */
export function spendWeight(budget: RateBudget, weight: number, { nowMs, policy }: RateContext): RateDecision {
  if (weight > policy.maxWeightPerMinute) {
    throw new RangeError(
      `a request of weight ${weight} never fits into maxWeightPerMinute, ${policy.maxWeightPerMinute}`,
    )
  }
  if (nowMs < budget.blocked.untilMs) return { kind: 'wait', ...budget.blocked }
  const spent = budget.spent.filter(({ untilMs }) => untilMs > nowMs)
  let left = policy.maxWeightPerMinute - weight - spent.reduce((sum, each) => sum + each.weight, 0)
  if (left < 0) {
    const enough = spent.find((each) => (left += each.weight) >= 0)
    return { kind: 'wait', untilMs: enough!.untilMs, reason: 'spent' }
  }
  const { reported, inFlight } = budget
  if (nowMs < reported.untilMs && reported.weight + inFlight + weight > policy.maxWeightPerMinute) {
    return { kind: 'wait', untilMs: reported.untilMs, reason: 'shared' }
  }
  const untilMs = (Math.floor(nowMs / stepMs) + 1) * stepMs + minuteMs
  const last = spent.at(-1)
  if (last?.untilMs === untilMs) spent[spent.length - 1] = { untilMs, weight: last.weight + weight }
  else spent.push({ untilMs, weight })
  return { kind: 'go', budget: { ...budget, spent, inFlight: inFlight + weight } }
}

/** What an answer, or the lack of one, says about the budget. */
export interface RateAnswer {
  /** Of the request that it answers. */
  readonly weight: number
  /** `X-MBX-USED-WEIGHT-1M`; undefined where the header is missing or no answer came. */
  readonly usedWeight?: number | undefined
  readonly refusal?: { readonly reason: 'limited' | 'banned'; readonly retryAfterMs?: number | undefined } | undefined
}

/** The budget after an answer. A block is never shortened by a later answer; several refusals during one block count as one. */
export function settleWeight(budget: RateBudget, answer: RateAnswer, { nowMs, policy }: RateContext): RateBudget {
  const { weight, usedWeight, refusal } = answer
  const inFlight = Math.max(0, budget.inFlight - weight)
  // Without a word from the exchange the request may have been counted or not: it is taken for counted.
  const reported =
    usedWeight === undefined
      ? { ...budget.reported, weight: budget.reported.weight + weight }
      : { weight: usedWeight, untilMs: nowMs + minuteMs }
  if (refusal === undefined) return { ...budget, inFlight, reported, refusals: 0 }
  const isNews = nowMs >= budget.blocked.untilMs
  const refusals = isNews ? budget.refusals + 1 : budget.refusals
  const assumedMs = refusal.reason === 'banned' ? policy.bannedMs : policy.limitedMs
  const doubledMs = Math.min(policy.maxBlockMs, assumedMs * 2 ** Math.max(0, refusals - 1))
  const untilMs = nowMs + Math.max(1, refusal.retryAfterMs ?? doubledMs)
  const blocked = untilMs > budget.blocked.untilMs ? { untilMs, reason: refusal.reason } : budget.blocked
  return { ...budget, inFlight, reported, blocked, refusals }
}
