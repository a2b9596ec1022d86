import { StopRequestedError } from '@tidemark/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LineWriter } from './influx-lines.ts'
import { patientWriter, type Wait } from './patient-writer.ts'
import type { WriteFailure, WriteOutcome } from './write-outcome.ts'

const ok: WriteOutcome = { ok: true }
const failed = (kind: WriteFailure['kind'], retryAfterMs?: number): WriteOutcome => ({
  ok: false,
  failure: { kind, message: kind, ...(retryAfterMs !== undefined && { retryAfterMs }) },
})

/** Answers with the given outcomes in turn, then with the last one again and again. */
function scripted(...outcomes: WriteOutcome[]): LineWriter & { attempts: number } {
  return {
    attempts: 0,
    async write() {
      return outcomes[Math.min(this.attempts++, outcomes.length - 1)] ?? ok
    },
    close: () => undefined,
  }
}

function patient(writer: LineWriter, stop = new AbortController()) {
  const waits: (Wait | undefined)[] = []
  const options = { initialDelayMs: 100, maxDelayMs: 15_000, maxRetryAfterMs: 120_000 }
  return {
    waits,
    stop,
    writer: patientWriter(writer, { ...options, signal: stop.signal, waiting: (wait) => waits.push(wait) }),
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it('passes on a success at once', async () => {
  const { writer, waits } = patient(scripted(ok))
  expect(await writer.write(['a'])).toEqual(ok)
  expect(waits).toEqual([])
})

it.each(['refused', 'too-large', 'unexpected'] as const)('passes on what waiting does not cure: %s', async (kind) => {
  const inner = scripted(failed(kind))
  expect(await patient(inner).writer.write(['a'])).toEqual(failed(kind))
  expect(inner.attempts).toBe(1)
})

it('repeats for as long as it takes, with pauses that are capped, and says when the wait is over', async () => {
  const inner = scripted(...Array.from({ length: 500 }, () => failed('away')), ok)
  const { writer, waits } = patient(inner)
  const written = writer.write(['a'])
  await vi.advanceTimersByTimeAsync(500 * 15_000)
  expect(await written).toEqual(ok)
  expect(inner.attempts).toBe(501)
  const pauses = waits.map((wait) => wait?.delayMs)
  expect(pauses.pop()).toBeUndefined()
  expect(Math.max(...(pauses as number[]))).toBeLessThanOrEqual(15_000)
  expect(pauses[400]).toBeGreaterThan(pauses[0] as number)
})

it('pauses differently from a second writer, so that both do not come back at once', async () => {
  const both = [patient(scripted(failed('away'))), patient(scripted(failed('away')))]
  for (const { writer } of both) writer.write(['a']).catch(() => undefined)
  await vi.advanceTimersByTimeAsync(5_000)
  const [first, second] = both.map(({ waits }) => waits.map((wait) => wait?.delayMs))
  expect(first).not.toEqual(second)
})

it('waits for a bucket or a token that is not there yet', async () => {
  const { writer } = patient(scripted(failed('denied'), failed('denied'), ok))
  const written = writer.write(['a'])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await written).toEqual(ok)
})

it('waits at least as long as the server asks, up to a limit', async () => {
  const { writer, waits } = patient(scripted(failed('away', 60_000), failed('away', 3_600_000), ok))
  const written = writer.write(['a'])
  await vi.advanceTimersByTimeAsync(180_000)
  expect(await written).toEqual(ok)
  expect(waits.map((wait) => wait?.delayMs)).toEqual([60_000, 120_000, undefined])
})

describe('when the process is to stop', () => {
  it('gives up a pause at once', async () => {
    const inner = scripted(failed('away'))
    const { writer, stop } = patient(inner)
    const written = writer.write(['a'])
    await vi.advanceTimersByTimeAsync(0)
    stop.abort()
    await expect(written).rejects.toThrow(StopRequestedError)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(inner.attempts).toBe(1)
  })

  it('waits for an attempt under way, and takes its success', async () => {
    const answer = Promise.withResolvers<WriteOutcome>()
    const { writer, stop } = patient({ write: () => answer.promise, close: () => undefined })
    const written = writer.write(['a'])
    stop.abort()
    answer.resolve(ok)
    expect(await written).toEqual(ok)
  })

  it('still makes one attempt for what is left, and repeats none', async () => {
    const stop = new AbortController()
    stop.abort()
    const inner = scripted(failed('away'))
    await expect(patient(inner, stop).writer.write(['a'])).rejects.toThrow(
      /stopped, as InfluxDB did not take a write: away/,
    )
    expect(inner.attempts).toBe(1)
    expect(await patient(scripted(ok), stop).writer.write(['a'])).toEqual(ok)
  })
})
