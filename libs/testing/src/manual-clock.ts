/** Processing time that stands still until a test moves it. */
export class ManualClock {
  #nowMs: number

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  /** May be handed over as a function of its own. */
  readonly nowMs = (): number => this.#nowMs

  /** Moves time forwards. Throws a RangeError for a step backwards. */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`a clock can't be advanced by ${byMs} ms`)
    this.#nowMs += byMs
  }
}
