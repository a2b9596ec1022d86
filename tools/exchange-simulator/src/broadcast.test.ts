import { describe, expect, it } from 'vitest'
import { Broadcast } from './broadcast.ts'
import { MemorySink } from './memory-sink.ts'
import type { SourceFrame } from './source-frame.ts'

const frame = (text: string): SourceFrame => ({
  stream: 'a@trade',
  bytes: Buffer.from(text),
  dataStart: 0,
  receivedAtUs: 0,
  binary: false,
})

describe('a broadcast', () => {
  it('reaches those that are there', () => {
    const broadcast = new Broadcast({ waits: false })
    const [first, second] = [new MemorySink(), new MemorySink()]
    broadcast.send([frame('0')])
    broadcast.add(first)
    broadcast.send([frame('1')])
    broadcast.add(second)
    broadcast.send([frame('2')])
    first.leave()
    broadcast.send([frame('3')])
    expect([first.texts, second.texts]).toEqual([
      ['1', '2'],
      ['2', '3'],
    ])
    expect(broadcast.room()).toBeUndefined()
  })

  it('that waits has room with the slowest, and without any when one comes', async () => {
    const broadcast = new Broadcast({ waits: true })
    const empty = broadcast.room()
    const slow = new MemorySink({ takes: 1 })
    broadcast.add(slow)
    await empty
    broadcast.add(new MemorySink())
    expect(broadcast.room()).toBeUndefined()
    broadcast.send([frame('1')])
    const full = broadcast.room()
    slow.release()
    await full
    expect(broadcast.room()).toBeUndefined()
  })

  it('wants what any of them wants, and makes a new set only when that changes', () => {
    const broadcast = new Broadcast({ waits: false })
    broadcast.add(new MemorySink({ streams: ['a', 'b'] }))
    const before = broadcast.streams
    expect(broadcast.streams).toBe(before)
    broadcast.add(new MemorySink({ streams: ['b', 'c'] }))
    expect([...broadcast.streams]).toEqual(['a', 'b', 'c'])
  })

  it('ends when it is stopped, also while it waits', async () => {
    const broadcast = new Broadcast({ waits: true })
    const room = broadcast.room()
    broadcast.stop()
    await room
    expect(broadcast.signal.aborted).toBe(true)
    expect(broadcast.room()).toBeUndefined()
  })
})
