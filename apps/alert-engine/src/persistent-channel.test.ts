import { StopRequestedError } from '@tidemark/service'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { AlertChannel, PostOutcome } from './alert-channel.ts'
import { alert } from './alert-fixture.ts'
import { persistentChannel } from './persistent-channel.ts'

const sent: PostOutcome = { ok: true }
const busy = (retryAfterMs?: number): PostOutcome => ({
  ok: false,
  failure: { kind: 'transient', message: 'busy', ...(retryAfterMs !== undefined && { retryAfterMs }) },
})
const refused: PostOutcome = { ok: false, failure: { kind: 'refused', message: 'no' } }

function scripted(...outcomes: PostOutcome[]): AlertChannel & { posts: number } {
  return {
    name: 'scripted',
    posts: 0,
    async post() {
      return outcomes[Math.min(this.posts++, outcomes.length - 1)] ?? sent
    },
  }
}

function persistent(channel: AlertChannel, stop = new AbortController()) {
  const pauses: number[] = []
  const waiting = (_failure: unknown, delayMs: number): number => pauses.push(delayMs)
  return { pauses, stop, channel: persistentChannel(channel, { signal: stop.signal, waiting }) }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it('tries again until the alert is taken', async () => {
  const inner = scripted(busy(), busy(), sent)
  const posted = persistent(inner).channel.post(alert)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await posted).toEqual(sent)
  expect(inner.posts).toBe(3)
})

it('passes on a refusal at once', async () => {
  const inner = scripted(refused)
  expect(await persistent(inner).channel.post(alert)).toEqual(refused)
  expect(inner.posts).toBe(1)
})

it('gives up after 24 retries, with the last outcome', async () => {
  const inner = scripted(busy())
  const { channel, pauses } = persistent(inner)
  const posted = channel.post(alert)
  await vi.advanceTimersByTimeAsync(24 * 30_000)
  expect(await posted).toEqual(busy())
  expect([inner.posts, pauses.length]).toEqual([25, 24])
  expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000)
})

it('waits at least as long as the channel asks, up to a limit', async () => {
  const { channel, pauses } = persistent(scripted(busy(45_000), busy(3_600_000), sent))
  const posted = channel.post(alert)
  await vi.advanceTimersByTimeAsync(165_000)
  expect(await posted).toEqual(sent)
  expect(pauses).toEqual([45_000, 120_000])
})

it('ends a pause at once when the process is to stop, and does not post after', async () => {
  const inner = scripted(busy())
  const { channel, stop } = persistent(inner)
  const posted = channel.post(alert)
  await vi.advanceTimersByTimeAsync(0)
  stop.abort()
  await expect(posted).rejects.toThrow(StopRequestedError)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(inner.posts).toBe(1)
})
