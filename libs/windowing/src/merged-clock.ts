import type { Clock, EventTime } from './event-clock.ts'

/** The clock of several streams as one: it is as far as the one that is furthest behind. A key that one of them lacks stands still. */
export class MergedClock implements Clock {
  readonly mode: 'partition' | 'key'
  readonly #clocks: readonly Clock[]
  readonly #times = new Map<string, EventTime>()

  /** Throws a TypeError unless all of them are per partition, or all per key. */
  constructor(clocks: readonly Clock[]) {
    const modes = new Set(clocks.map(({ mode }) => mode))
    const [mode] = modes
    if (mode === undefined || modes.size > 1)
      throw new TypeError('streams with a clock per key go only with their like')
    this.mode = mode
    this.#clocks = clocks
  }

  timeOf(key: string): EventTime {
    const name = this.mode === 'key' ? key : ''
    let time = this.#times.get(name)
    if (time === undefined) {
      const inputs = this.#clocks.map((clock) => clock.timeOf(name))
      time = { streamTimeMs: -Infinity, heartbeatMs: -Infinity, inputs }
      this.#times.set(name, time)
    }
    return time
  }
}
