import type { Clock } from '../clock.ts'
import type { TimeWatch } from '../frame-source.ts'
import { seededRandom } from '../seeded-random.ts'
import type { Random } from '../seeded-random.ts'
import type { ConnectionChoice, Fault, FaultScript, LinkFault } from './fault.ts'
import { FaultSchedule } from './fault-schedule.ts'

/** Faults that `journal` remembers. */
const MAX_JOURNAL = 10_000

/** What can go wrong with a connection. */
export interface FaultyConnection {
  readonly id: number
  /** Gone without a word. */
  cut(): void
  /** Closed as at the end of its life. */
  expire(): void
  /** Tells the client that the server stops, and cuts after the lead. */
  announceShutdown(leadMs: number): void
  /** Nothing leaves for so long; then all at once. */
  stall(forMs: number): void
  delayPongs(delayMs: number, forMs: number): void
  degrade(fault: LinkFault): void
}

export interface FaultInjectorOptions {
  readonly script: FaultScript | undefined
  /** Seed for faults that no script has. */
  readonly seed: number
  readonly clock: Clock
  readonly connections: () => readonly FaultyConnection[]
  readonly skipIds: (count: number, symbols: readonly string[] | undefined) => void
  readonly log: (message: string) => void
}

/** A fault that has happened. */
export interface FaultRecord {
  readonly fault: Fault
  /** The exchange's time; null before the source has started. */
  readonly at_ms: number | null
  /** The connections it met. */
  readonly connections: readonly number[]
  /** How many requests it met so far, attempts to connect among them. */
  readonly requests: number
}

/** How REST is for one request. */
export interface RestCondition {
  readonly isDown: boolean
  readonly delayMs: number
  readonly lagMs: number
  readonly error: { readonly status: number; readonly retryAfterS: number | undefined } | undefined
}

type LastingFault = Extract<Fault, { do: 'refuse-connects' | 'rest-error' | 'rest-slow' | 'rest-down' | 'rest-lag' }>

type Happened = FaultRecord & { requests: number }

interface Lasting {
  readonly fault: LastingFault
  readonly untilMs: number
  readonly record: Happened
}

/**
 * Makes faults happen: those of a script when their time has come, and those it is told to. When a fault of market time
 * is due is decided between two slices of the market, so that the same script and seed do the same to the same readers.
 * How long a fault lasts is always time of the clock.
 */
export class FaultInjector implements TimeWatch {
  readonly #options: FaultInjectorOptions
  readonly #schedule: FaultSchedule
  readonly #isElapsed: boolean
  readonly #random: Random
  readonly #lasting = new Map<LastingFault['do'], Lasting>()
  readonly #journal: Happened[] = []
  #marketStartMs: number | undefined
  #marketMs: number | undefined
  #cancelTimer = () => {}

  constructor(options: FaultInjectorOptions) {
    const { script, seed } = options
    this.#options = options
    this.#schedule = new FaultSchedule(script?.faults ?? [])
    this.#isElapsed = script?.time === 'elapsed'
    this.#random = seededRandom(script?.seed ?? seed, 'faults')
  }

  get journal(): readonly FaultRecord[] {
    return this.#journal
  }

  nextAtMs(): number {
    return this.#isElapsed ? Infinity : (this.#marketStartMs ?? 0) + this.#schedule.nextAtMs
  }

  reached(marketMs: number): void {
    this.#marketMs = Math.max(marketMs, this.#marketMs ?? marketMs)
    if (this.#marketStartMs === undefined) {
      this.#marketStartMs = marketMs
      if (this.#isElapsed) this.#runElapsed(this.#options.clock.nowMs())
    }
    if (this.#isElapsed) return
    for (const { atMs: _, ...fault } of this.#schedule.due(marketMs - this.#marketStartMs)) this.inject(fault)
  }

  inject(fault: Fault): void {
    const connections = 'connections' in fault ? this.#chosen(fault.connections) : []
    const met = connections.map(({ id }) => id)
    const record = { fault, at_ms: this.#marketMs ?? null, connections: met, requests: 0 }
    if (this.#journal.length < MAX_JOURNAL) this.#journal.push(record)
    this.#happen(record, connections)
    this.#options.log(`fault ${fault.do}${met.length > 0 ? ` on connection ${met.join(', ')}` : ''}`)
  }

  /** Status that a handshake is refused with, while it is. To be called once for each. */
  refusal(): number | undefined {
    return this.#meet('refuse-connects')?.status
  }

  /** To be called once for each request. */
  rest(): RestCondition {
    const delayMs = this.#meet('rest-slow')?.delayMs ?? 0
    if (this.#meet('rest-down') !== undefined) return { isDown: true, delayMs, lagMs: 0, error: undefined }
    const error = this.#meet('rest-error')
    if (error !== undefined) {
      const { status, retryAfterS } = error
      return { isDown: false, delayMs, lagMs: 0, error: { status, retryAfterS } }
    }
    return { isDown: false, delayMs, lagMs: this.#meet('rest-lag')?.lagMs ?? 0, error: undefined }
  }

  stop(): void {
    this.#cancelTimer()
  }

  #happen(record: Happened, connections: readonly FaultyConnection[]): void {
    const { fault } = record
    switch (fault.do) {
      case 'skip-ids':
        return this.#options.skipIds(fault.count, fault.symbols)
      case 'refuse-connects':
      case 'rest-error':
      case 'rest-slow':
      case 'rest-down':
      case 'rest-lag':
        this.#lasting.set(fault.do, { fault, untilMs: this.#options.clock.nowMs() + fault.forMs, record })
        return
    }
    for (const connection of connections) {
      if (fault.do === 'cut') connection.cut()
      else if (fault.do === 'day-cut') connection.expire()
      else if (fault.do === 'server-shutdown') connection.announceShutdown(fault.leadMs)
      else if (fault.do === 'stall') connection.stall(fault.forMs)
      else if (fault.do === 'delay-pongs') connection.delayPongs(fault.delayMs, fault.forMs)
      else connection.degrade(fault)
    }
  }

  #chosen(choice: ConnectionChoice): readonly FaultyConnection[] {
    const open = this.#options.connections()
    if (choice === 'all' || open.length === 0) return open
    const index = choice === 'one' ? this.#random.integer(open.length) : choice === 'oldest' ? 0 : open.length - 1
    return open.slice(index, index + 1)
  }

  /** The fault of this kind that a request meets, if there is one now. */
  #meet<Kind extends LastingFault['do']>(kind: Kind): Extract<Fault, { do: Kind }> | undefined {
    const lasting = this.#lasting.get(kind)
    if (lasting === undefined || this.#options.clock.nowMs() >= lasting.untilMs) return undefined
    lasting.record.requests++
    return lasting.fault as Extract<Fault, { do: Kind }>
  }

  #runElapsed(startedAtMs: number): void {
    const { clock } = this.#options
    for (const { atMs: _, ...fault } of this.#schedule.due(clock.nowMs() - startedAtMs)) this.inject(fault)
    const { nextAtMs } = this.#schedule
    if (nextAtMs === Infinity) return
    const delayMs = startedAtMs + nextAtMs - clock.nowMs()
    this.#cancelTimer = clock.after(delayMs, () => this.#runElapsed(startedAtMs))
  }
}
