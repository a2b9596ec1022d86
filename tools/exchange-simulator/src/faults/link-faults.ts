import type { Random } from '../seeded-random.ts'
import { isTradeStream, streamSymbol } from '../source-frame.ts'
import type { SourceFrame } from '../source-frame.ts'
import { corruptFrame } from './corrupt-frame.ts'
import type { LinkFault } from './fault.ts'

interface Pending {
  readonly fault: LinkFault
  left: number
  /** Frames waiting for the others that they are to be shuffled with. */
  held: SourceFrame[]
}

/** What goes wrong with the trades that one connection is sent. Pure, apart from the random numbers it draws. */
export class LinkFaults {
  readonly #random: Random
  #pending: Pending[] = []

  constructor(random: Random) {
    this.#random = random
  }

  add(fault: LinkFault): void {
    const pending = { fault, left: fault.count, held: [] }
    // Of what is made from now on, not of what others hold back: those who judge a feed go by the time.
    if (fault.do === 'lose') this.#pending.unshift(pending)
    else this.#pending.push(pending)
  }

  /** The frames as they are to be sent instead of these. */
  pass(frames: readonly SourceFrame[]): readonly SourceFrame[] {
    if (this.#pending.length === 0) return frames
    let passed = frames
    for (const pending of this.#pending) passed = this.#apply(pending, passed)
    this.#pending = this.#pending.filter(({ left }) => left > 0)
    return passed
  }

  /** What is still held, when no more frames come. */
  flush(): readonly SourceFrame[] {
    const held = this.#pending.flatMap((pending) => this.#shuffled(pending.held))
    this.#pending = this.#pending.filter(({ fault }) => fault.do !== 'reorder')
    return held
  }

  #apply(pending: Pending, frames: readonly SourceFrame[]): readonly SourceFrame[] {
    const { fault } = pending
    const passed: SourceFrame[] = []
    for (const frame of frames) {
      if (pending.left === 0 || !touches(fault, frame)) {
        passed.push(frame)
        continue
      }
      pending.left -= 1
      if (fault.do === 'duplicate') passed.push(frame, frame)
      else if (fault.do === 'corrupt') passed.push(corruptFrame(frame, this.#random))
      else if (fault.do === 'reorder') {
        pending.held.push(frame)
        if (pending.left === 0) passed.push(...this.#shuffled(pending.held.splice(0)))
      }
    }
    return passed
  }

  /** Fisher and Yates. */
  #shuffled(frames: readonly SourceFrame[]): readonly SourceFrame[] {
    const shuffled = [...frames]
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.#random.integer(last + 1)
      const frame = shuffled[last] as SourceFrame
      shuffled[last] = shuffled[other] as SourceFrame
      shuffled[other] = frame
    }
    return shuffled
  }
}

function touches({ symbols }: LinkFault, { stream }: SourceFrame): boolean {
  if (stream === null || !isTradeStream(stream)) return false
  return symbols === undefined || symbols.includes(streamSymbol(stream))
}
