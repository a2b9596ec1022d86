import { describe, expect, it } from 'vitest'
import { malformedFrames } from './malformed-frames.ts'
import { manualClock } from './manual-clock.ts'
import { MarketSource } from './market-source.ts'
import type { MarketSourceOptions } from './market-source.ts'
import { MemorySink } from './memory-sink.ts'

const START_MS = 1_800_000_000_000

function setUp(options: Partial<MarketSourceOptions> = {}) {
  const clock = manualClock(START_MS)
  const source = new MarketSource({
    symbols: ['BTCUSDT', 'ETHUSDT'],
    seed: 1,
    tradesPerSecond: 20,
    speed: 1,
    startMs: undefined,
    durationMs: undefined,
    malformed: [],
    historyTrades: 100_000,
    clock,
    watch: { nextAtMs: () => Infinity, reached: () => {} },
    ...options,
  })
  return { clock, source }
}

const times = (sink: MemorySink) => sink.texts.map((text) => Number(/"T":(\d+)/.exec(text)?.[1]))

describe('a synthetic market', () => {
  it('begins now, with the first subscription, and goes on by the clock', async () => {
    const { clock, source } = setUp()
    clock.advance(5_000)
    const sink = new MemorySink()
    void source.serve(sink)
    expect(sink.frames).toHaveLength(0)
    clock.advance(10_000)
    expect(sink.frames.length).toBeGreaterThan(100)
    expect(Math.min(...times(sink))).toBeGreaterThanOrEqual(START_MS + 5_000)
    expect(source.nowMs()).toBe(START_MS + 15_000)
    expect(source.status()).toMatchObject({ source: 'synthetic', frames_total: sink.frames.length })
    await source.stop()
    expect(clock.pendingTimers).toBe(0)
  })

  it('sends no trade before its time', async () => {
    const { clock, source } = setUp()
    const sink = new MemorySink()
    void source.serve(sink)
    for (let passedMs = 0; passedMs < 3_000; passedMs += 7) {
      clock.advance(7)
      expect(Math.max(0, ...times(sink))).toBeLessThan(clock.nowMs())
    }
    await source.stop()
  })

  it('makes market time pass faster by the speed', async () => {
    const { clock, source } = setUp({ speed: 10 })
    const sink = new MemorySink()
    void source.serve(sink)
    clock.advance(1_000)
    expect(source.nowMs()).toBe(START_MS + 10_000)
    expect(Math.max(...times(sink))).toBeGreaterThan(START_MS + 9_000)
    await source.stop()
  })

  it('is one for all: who comes later joins at the present, with the ids that follow', async () => {
    const { clock, source } = setUp()
    const [first, second] = [new MemorySink(), new MemorySink()]
    void source.serve(first)
    clock.advance(5_000)
    const before = first.texts.length
    void source.serve(second)
    clock.advance(5_000)
    expect(second.texts.length).toBeGreaterThan(0)
    expect(first.texts.slice(before)).toEqual(second.texts)
    await source.stop()
  })

  it('ends after its duration with the same trades at any speed', async () => {
    const paced = setUp({ durationMs: 20_000 })
    const atMax = setUp({ durationMs: 20_000, speed: 'max' })
    const [pacedSink, atMaxSink] = [new MemorySink(), new MemorySink()]
    const pacedEnd = paced.source.serve(pacedSink)
    paced.clock.advance(60_000)
    await pacedEnd
    await atMax.source.serve(atMaxSink)
    expect(atMaxSink.texts).toEqual(pacedSink.texts)
    expect(Math.max(...times(pacedSink))).toBeLessThan(START_MS + 20_000)
    expect(paced.source.status()).toEqual(atMax.source.status())
    expect(paced.clock.pendingTimers).toBe(0)
  })

  it('waits for the slowest at max, and stands still without any', async () => {
    const { source } = setUp({ durationMs: 120_000, speed: 'max', tradesPerSecond: 100 })
    const [fast, slow] = [new MemorySink(), new MemorySink({ takes: 2 })]
    const fastEnd = source.serve(fast)
    const slowEnd = source.serve(slow)
    await slow.isFull
    expect(fast.texts.slice(-slow.texts.length)).toEqual(slow.texts)
    slow.leave()
    await slowEnd
    fast.leave()
    await fastEnd
    await new Promise((resolve) => setImmediate(resolve))
    const reachedMs = source.nowMs()
    expect(reachedMs).toBeLessThan(START_MS + 120_000)
    const third = new MemorySink()
    await source.serve(third)
    expect(Math.min(times(third)[0] ?? 0)).toBeGreaterThanOrEqual(reachedMs)
    expect(source.nowMs()).toBe(START_MS + 120_000)
  })

  it('has the malformed frames among its first ones, beside all of its trades', async () => {
    const plain = setUp({ durationMs: 60_000, speed: 'max' })
    const mixed = setUp({ durationMs: 60_000, speed: 'max', malformed: malformedFrames() })
    const [plainSink, mixedSink] = [new MemorySink(), new MemorySink()]
    await plain.source.serve(plainSink)
    await mixed.source.serve(mixedSink)
    expect(mixedSink.frames.filter(({ stream }) => stream !== null)).toEqual(plainSink.frames)
    expect(mixedSink.frames.filter(({ stream }) => stream === null)).toHaveLength(10)
    expect(mixed.source.status()).toEqual({ ...plain.source.status(), malformed_total: 10 })
  })
})
