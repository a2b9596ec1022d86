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
}

/** How REST is at the moment. */
export interface RestCondition {
  readonly isDown: boolean
  readonly delayMs: number
  readonly lagMs: number
  readonly error: { readonly status: number; readonly retryAfterS: number | undefined } | undefined
}

type LastingFault = Extract<Fault, { do: 'refuse-connects' | 'rest-error' | 'rest-slow' | 'rest-down' | 'rest-lag' }>

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
  readonly #lasting = new Map<LastingFault['do'], { fault: LastingFault; untilMs: number }>()
  readonly #journal: FaultRecord[] = []
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
    this.#happen(fault, connections)
    const met = connections.map(({ id }) => id)
    if (this.#journal.length < MAX_JOURNAL) {
      this.#journal.push({ fault, at_ms: this.#marketMs ?? null, connections: met })
    }
    this.#options.log(`fault ${fault.do}${met.length > 0 ? ` on connection ${met.join(', ')}` : ''}`)
  }

  /** Status that a handshake is refused with, while it is. */
  refusal(): number | undefined {
    return this.#now('refuse-connects')?.status
  }

  rest(): RestCondition {
    const error = this.#now('rest-error')
    return {
      isDown: this.#now('rest-down') !== undefined,
      delayMs: this.#now('rest-slow')?.delayMs ?? 0,
      lagMs: this.#now('rest-lag')?.lagMs ?? 0,
      error: error && { status: error.status, retryAfterS: error.retryAfterS },
    }
  }

  stop(): void {
    this.#cancelTimer()
  }

  #happen(fault: Fault, connections: readonly FaultyConnection[]): void {
    switch (fault.do) {
      case 'skip-ids':
        return this.#options.skipIds(fault.count, fault.symbols)
      case 'refuse-connects':
      case 'rest-error':
      case 'rest-slow':
      case 'rest-down':
      case 'rest-lag':
        this.#lasting.set(fault.do, { fault, untilMs: this.#options.clock.nowMs() + fault.forMs })
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

  #now<Kind extends LastingFault['do']>(kind: Kind): Extract<Fault, { do: Kind }> | undefined {
    const lasting = this.#lasting.get(kind)
    if (lasting === undefined || this.#options.clock.nowMs() >= lasting.untilMs) return undefined
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
