import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualFeedClock } from '../manual-feed-clock.ts'
import { ExchangeFake } from './exchange-fake.ts'
import { trackExchangeClock, type ExchangeClock } from './exchange-clock.ts'
import { ExchangeRest } from './exchange-rest.ts'

let fake: ExchangeFake
let clock: ManualFeedClock
let tracked: ExchangeClock
let warnings: string[]

beforeEach(async () => {
  fake = await ExchangeFake.start()
  clock = new ManualFeedClock()
  warnings = []
})

afterEach(async () => {
  tracked.stop()
  await fake[Symbol.asyncDispose]()
})

/** Resolves when so many samples were taken and the next is due. */
async function track(samples: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let count = 0
  const rest = new ExchangeRest({ url: fake.url, clock })
  tracked = trackExchangeClock({
    rest: { url: rest.url, time: (signal) => rest.time(signal) },
    clock: {
      nowMs: clock.nowMs,
      elapsedMs: clock.elapsedMs,
      setTimer: (delayMs, call) => {
        if (++count === 1) resolve(undefined)
        return clock.setTimer(delayMs, call)
      },
    },
    logger: { warn: (_fields, message) => warnings.push(message) },
    firstSamples: samples,
  })
  await promise
}

describe('the exchange’s clock', () => {
  it('is known within half a round trip, from the first samples on', async () => {
    fake.routes['/api/v3/time'] = () => {
      clock.timeMs += 10
      return { body: { serverTime: clock.timeMs + 1_270 } }
    }
    await track(3)
    expect(fake.asked).toHaveLength(3)
    const { offsetMs, errorMs } = tracked.offset()!
    expect(Math.abs(offsetMs - 1_270)).toBeLessThanOrEqual(errorMs)
    expect(errorMs).toBeLessThan(6)
  })

  it('is asked again after a while, and after a failure, which is told once', async () => {
    fake.routes['/api/v3/time'] = { status: 503, body: '' }
    await track(2)
    expect(tracked.offset()).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining('answered with status 503')])
    fake.routes['/api/v3/time'] = { body: { serverTime: 5_000_000 } }
    const asked = fake.nextRequest()
    clock.advance(30_000)
    await asked
    expect(warnings).toHaveLength(1)
  })

  it('is not asked any more once it is stopped', async () => {
    fake.routes['/api/v3/time'] = { body: { serverTime: 5_000_000 } }
    await track(1)
    tracked.stop()
    expect(clock.timers).toBe(0)
  })
})
