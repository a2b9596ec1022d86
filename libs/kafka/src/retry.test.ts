import { StreamsError } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { ManualTime } from './manual-time.ts'
import { backoffMs, isLoud, retrying } from './retry.ts'

const transient = () => new StreamsError('broker-unavailable', 'gone', { retriable: true })

test('waits twice as long after each failure, up to a cap, spread over the upper half', () => {
  const backoff = { initialMs: 10, maxMs: 100 }
  expect([1, 2, 3, 4, 5, 500].map((attempt) => backoffMs(attempt, 0, backoff))).toEqual([5, 10, 20, 40, 50, 50])
  expect(backoffMs(2, 0.5, backoff)).toBe(15)
  expect(backoffMs(500, 0.999, backoff)).toBeLessThan(100)
})

test('repeats a transient failure until it succeeds', async () => {
  let calls = 0
  const flaky = async () => {
    if (++calls < 4) throw transient()
    return 'done'
  }
  expect(await retrying(flaky, { time: new ManualTime({ skipping: true }), forMs: 60_000 })).toBe('done')
  expect(calls).toBe(4)
})

test('passes a lasting failure on when its time is over, and not later', async () => {
  const time = new ManualTime({ skipping: true })
  const startMs = time.nowMs()
  await expect(retrying(() => Promise.reject(transient()), { time, forMs: 5_000 })).rejects.toThrow('gone')
  expect(time.nowMs() - startMs).toBeLessThanOrEqual(5_000)
  expect(time.nowMs() - startMs).toBeGreaterThan(3_000)
})

test('passes any other failure on at once', async () => {
  let calls = 0
  const broken = async () => {
    calls++
    throw new StreamsError('not-authorised', 'no')
  }
  await expect(retrying(broken, { time: new ManualTime({ skipping: true }), forMs: 5_000 })).rejects.toThrow('no')
  expect(calls).toBe(1)
})

test('stops repeating when it is told to', async () => {
  const stop = new AbortController()
  const failing = async () => {
    stop.abort()
    throw transient()
  }
  const options = { time: new ManualTime({ skipping: true }), forMs: 60_000, signal: stop.signal }
  await expect(retrying(failing, options)).rejects.toThrow('gone')
})

test('of many failures in a row only the 2nd, 4th, 8th and so on are told aloud', () => {
  const attempts = Array.from({ length: 40 }, (_, index) => index + 1)
  expect(attempts.filter((attempt) => isLoud(attempt))).toEqual([2, 4, 8, 16, 32])
})
