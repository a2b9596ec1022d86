import { describe, expect, it } from 'vitest'
import { manualClock } from './manual-clock.ts'
import { MemorySink } from './memory-sink.ts'
import type { Speed } from './pacing.ts'
import { replay } from './replay.ts'
import type { SourceFrame } from './source-frame.ts'

const at = (receivedAtMs: number): SourceFrame => ({
  stream: 'a@trade',
  bytes: Buffer.from(`${receivedAtMs}`),
  dataStart: 0,
  receivedAtUs: receivedAtMs * 1000,
  binary: false,
})

function setUp(options: { batches: number[][]; speed: Speed; sink?: MemorySink }) {
  const clock = manualClock(1_000)
  const sink = options.sink ?? new MemorySink()
  let handedOut = 0
  async function* batches() {
    for (const batch of options.batches) {
      handedOut += 1
      yield await Promise.resolve(batch.map(at))
    }
  }
  const pace = { speed: options.speed, firstReceivedAtUs: 0, startedAtMs: 1_000 }
  const ended = replay({ batches: batches(), pace, clock, sink, onSent: () => undefined })
  return { clock, sink, ended, batchesRead: () => handedOut }
}

/** Lets everything that waits for no timer happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('a replay', () => {
  it('sends frames when they are due, and ends after the last', async () => {
    const { clock, sink, ended } = setUp({ batches: [[0, 0, 100], [250]], speed: 1 })
    await settle()
    expect(sink.texts).toEqual(['0', '0'])
    clock.advance(99)
    await settle()
    expect(sink.texts).toHaveLength(2)
    clock.advance(1)
    await settle()
    expect(sink.texts).toHaveLength(3)
    clock.advance(150)
    await ended
    expect(sink.texts).toEqual(['0', '0', '100', '250'])
  })

  it('goes faster by the speed', async () => {
    const { clock, sink, ended } = setUp({ batches: [[0, 1000]], speed: 10 })
    await settle()
    clock.advance(100)
    await ended
    expect(sink.texts).toEqual(['0', '1000'])
  })

  it('needs no time at max', async () => {
    const { sink, ended } = setUp({ batches: [[0, 1000], [1e9]], speed: 'max' })
    await ended
    expect(sink.texts).toEqual(['0', '1000', '1000000000'])
  })

  it('reads nothing further while the reader has no room, and loses nothing by it', async () => {
    const sink = new MemorySink({ takes: 2 })
    const { ended, batchesRead } = setUp({ batches: [[0], [1], [2], [3]], speed: 'max', sink })
    await sink.isFull
    await settle()
    expect(batchesRead()).toBe(2)
    sink.release()
    await ended
    expect(sink.texts).toEqual(['0', '1', '2', '3'])
  })

  it('ends with its connection, also in the middle of a wait', async () => {
    const { clock, sink, ended } = setUp({ batches: [[0, 1e6]], speed: 1 })
    await settle()
    sink.leave()
    await ended
    expect(sink.texts).toEqual(['0'])
    expect(clock.pendingTimers).toBe(0)
  })
})
