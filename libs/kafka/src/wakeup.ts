import type { Time } from './time.ts'

/** Lets one loop sleep until something happens or a time is over. A notice without a sleeper is not kept. */
export class Wakeup {
  readonly #time: Time
  #sleeping: AbortController | undefined

  constructor(time: Time) {
    this.#time = time
  }

  notify(): void {
    this.#sleeping?.abort()
  }

  async sleep(maxMs: number): Promise<void> {
    const sleeping = new AbortController()
    this.#sleeping = sleeping
    await this.#time.wait(maxMs, sleeping.signal)
    if (this.#sleeping === sleeping) this.#sleeping = undefined
  }
}
