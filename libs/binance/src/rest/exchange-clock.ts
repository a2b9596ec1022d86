import type { FeedClock } from '../feed-clock.ts'
import type { FeedLogger } from '../trade-feed.ts'
import { offsetAt, withSample, type ClockBounds, type ClockOffset } from './clock-offset.ts'
import type { ExchangeRest } from './exchange-rest.ts'

export interface ExchangeClockOptions {
  readonly rest: Pick<ExchangeRest, 'time' | 'url'>
  readonly clock: Pick<FeedClock, 'nowMs' | 'elapsedMs' | 'setTimer'>
  /** Told once of each row of failures. */
  readonly logger: Pick<FeedLogger, 'warn'>
  /** Between two samples; each costs a weight of 1. */
  readonly intervalMs?: number
  /** Samples that are taken at the start, one after the other: one of them is likely to have a short way. */
  readonly firstSamples?: number
}

/** How far this machine's time of day is from the exchange's, found out over and over. */
export interface ExchangeClock {
  /**
   * The exchange's time minus this machine's time of day, now, and how wrong that can be; undefined before the first answer. Add it to a time of
   * this machine to compare that with times of the exchange. A clock that is set here changes it at once. It says nothing about
   * an exchange whose time does not run at our pace, such as a replay at another speed.
   */
  offset(): ClockOffset | undefined
  stop(): void
}

export function trackExchangeClock(options: ExchangeClockOptions): ExchangeClock {
  const { rest, clock, logger, intervalMs = 30_000, firstSamples = 5 } = options
  const stopped = new AbortController()
  let bounds: ClockBounds | undefined
  let isFailing = false
  let cancelTimer: () => void = () => undefined

  const sample = async (): Promise<void> => {
    const sentMs = clock.elapsedMs()
    const time = await rest.time(stopped.signal)
    bounds = withSample(bounds, { ...time, sentMs, receivedMs: clock.elapsedMs() })
  }
  const round = async (samples: number): Promise<void> => {
    try {
      for (let left = samples; left > 0; left--) await sample()
      isFailing = false
    } catch (error) {
      if (stopped.signal.aborted) return
      if (!isFailing) logger.warn({ exchange: rest.url }, `the exchange's clock can't be read: ${String(error)}`)
      isFailing = true
    }
    cancelTimer = clock.setTimer(intervalMs, () => void round(1))
  }
  void round(firstSamples)

  return {
    offset: () => {
      if (bounds === undefined) return undefined
      const elapsedMs = clock.elapsedMs()
      const { offsetMs, errorMs } = offsetAt(bounds, elapsedMs)
      return { offsetMs: offsetMs + elapsedMs - clock.nowMs(), errorMs }
    },
    stop: () => {
      stopped.abort()
      cancelTimer()
    },
  }
}
