/** What one address may use up a minute, and how many requests it may send in five. */
export const WEIGHT_PER_MINUTE = 6000
export const REQUESTS_PER_FIVE_MINUTES = 300_000

const MINUTE_MS = 60_000
/** Requests after the first 429 of a minute that still get a 429. One more, and the address is banned. */
const WARNINGS = 10
const FIRST_BAN_MS = 2 * MINUTE_MS
const LONGEST_BAN_MS = 3 * 24 * 60 * MINUTE_MS

export type Admission =
  | { readonly kind: 'admitted'; readonly usedWeight: number }
  | { readonly kind: 'limited'; readonly usedWeight: number; readonly retryAfterS: number }
  | { readonly kind: 'banned'; readonly usedWeight: number; readonly retryAfterS: number; readonly untilMs: number }

/**
 * The exchange's limits for one address, with the time passed in: counters begin anew with each minute of the clock.
 * Who goes on after a 429 is banned, each time for twice as long. Where the ban begins is not documented: it is ours.
 */
export class RequestBudget {
  readonly #weightPerMinute: number
  #minute = -1
  #usedWeight = 0
  #fiveMinutes = -1
  #requests = 0
  #warnings = 0
  #bannedUntilMs = -Infinity
  #nextBanMs = FIRST_BAN_MS

  constructor(weightPerMinute = WEIGHT_PER_MINUTE) {
    this.#weightPerMinute = weightPerMinute
  }

  admit(weight: number, nowMs: number): Admission {
    this.#turn(nowMs)
    const usedWeight = this.#usedWeight
    if (nowMs < this.#bannedUntilMs) return this.#ban(nowMs)
    const isWithin = usedWeight + weight <= this.#weightPerMinute && this.#requests < REQUESTS_PER_FIVE_MINUTES
    if (isWithin) {
      this.#usedWeight += weight
      this.#requests += 1
      return { kind: 'admitted', usedWeight: this.#usedWeight }
    }
    this.#warnings += 1
    if (this.#warnings <= WARNINGS)
      return { kind: 'limited', usedWeight, retryAfterS: secondsTo(nextMinute(nowMs), nowMs) }
    this.#bannedUntilMs = nowMs + this.#nextBanMs
    this.#nextBanMs = Math.min(LONGEST_BAN_MS, this.#nextBanMs * 2)
    return this.#ban(nowMs)
  }

  #ban(nowMs: number): Admission {
    const untilMs = this.#bannedUntilMs
    return { kind: 'banned', usedWeight: this.#usedWeight, retryAfterS: secondsTo(untilMs, nowMs), untilMs }
  }

  #turn(nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#usedWeight = 0
      this.#warnings = 0
    }
    const fiveMinutes = Math.floor(minute / 5)
    if (fiveMinutes !== this.#fiveMinutes) {
      this.#fiveMinutes = fiveMinutes
      this.#requests = 0
    }
  }
}

function nextMinute(nowMs: number): number {
  return (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS
}

function secondsTo(untilMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((untilMs - nowMs) / 1000))
}
