import { openMarketSocket } from './market-socket.ts'
import { systemClock, type FeedClock } from './feed-clock.ts'
import { defaultMaxFrameBytes } from './frame-parser.ts'
import { streamBase } from './stream-url.ts'

export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/**
 * Whether the exchange's streams can be reached: makes one WebSocket connection and ends it. Within `timeoutMs`; the reason names the
 * address and the likely cause. Throws a RangeError for an address that can't be used.
 */
export function probeExchange(
  url: string,
  timeoutMs: number,
  clock: Pick<FeedClock, 'setTimer'> = systemClock,
): Promise<ProbeResult> {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>()
  const base = streamBase(url)
  const answer = (result: ProbeResult): void => {
    cancelTimer()
    socket.drop()
    resolve(result)
  }
  const cancelTimer = clock.setTimer(timeoutMs, () =>
    answer({ ok: false, reason: `${new URL(base).host} did not answer within ${timeoutMs / 1000} s` }),
  )
  const socket = openMarketSocket(
    `${base}/stream`,
    {
      opened: () => answer({ ok: true }),
      frame: () => undefined,
      pinged: () => undefined,
      lost: (reason) => answer({ ok: false, reason }),
    },
    { maxPayloadBytes: defaultMaxFrameBytes, handshakeTimeoutMs: timeoutMs * 2, closeTimeoutMs: timeoutMs },
  )
  return promise
}
