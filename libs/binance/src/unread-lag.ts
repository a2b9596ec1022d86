/**
 * How far reading may be behind what is sent, at most: grows while sockets are paused, and shrinks by as long as they are read, since what
 * has piled up is then read at more than twice the pace at which it is made. Short pauses in a row add up, as a ping's wait behind them does.
 */
export class UnreadLag {
  #lagMs = 0
  #asOfMs: number
  #isPaused = false

  constructor(nowMs: number) {
    this.#asOfMs = nowMs
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  pause(nowMs: number): void {
    this.#lagMs = this.lagMs(nowMs)
    this.#asOfMs = nowMs
    this.#isPaused = true
  }

  readOn(nowMs: number): void {
    this.#lagMs = this.lagMs(nowMs)
    this.#asOfMs = nowMs
    this.#isPaused = false
  }

  lagMs(nowMs: number): number {
    const sinceMs = nowMs - this.#asOfMs
    return Math.max(0, this.#lagMs + (this.#isPaused ? sinceMs : -sinceMs))
  }
}
