import type { ConnectionPolicy } from './connection-slot.ts'
import { defaultContinuityLimits, type ContinuityLimits } from './continuity/continuity-limits.ts'
import type { FeedBufferLimits } from './feed-buffer.ts'
import { defaultMaxFrameBytes } from './frame-parser.ts'
import type { SocketLimits } from './market-socket.ts'

/** Every limit of a feed; the defaults are `defaultFeedLimits`. */
export interface FeedLimits extends ConnectionPolicy, FeedBufferLimits, SocketLimits, ContinuityLimits {
  /** A larger frame is rejected as `oversized`. */
  readonly maxFrameBytes: number
  /**
   * Reading is not left behind by more, in one pause or in several, so that pings are answered: what does not fit then is asked for later,
   * until as long was read without a break.
   */
  readonly maxPauseMs: number
}

export const defaultFeedLimits: FeedLimits = {
  ...defaultContinuityLimits,
  reconnectDelayMs: 5_000,
  maxReconnectDelayMs: 60_000,
  silenceMs: 65_000,
  stableAfterMs: 30_000,
  rotateAfterMs: 23 * 60 * 60_000,
  overlapMs: 5_000,
  openTimeoutMs: 20_000,
  maxBufferedFrames: 50_000,
  maxBufferedBytes: 64_000_000,
  maxFrameBytes: defaultMaxFrameBytes,
  maxPauseMs: 20_000,
  maxPayloadBytes: 16 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 2_000,
}
