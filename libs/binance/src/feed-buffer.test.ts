import { describe, expect, it } from 'vitest'
import { FeedBuffer, type FeedItem } from './feed-buffer.ts'

const item = (text: string): FeedItem => ({
  kind: 'rejected',
  code: 'not-json',
  message: text,
  bytes: Buffer.from(text),
  receivedAtMs: 0,
})

describe('the buffer of a feed', () => {
  it('gives everything in the order it came, once', () => {
    const buffer = new FeedBuffer({ maxBufferedFrames: 10, maxBufferedBytes: 100 })
    buffer.add(item('a'), 1)
    buffer.add(item('b'), 1)
    expect(buffer.take()?.items).toEqual([item('a'), item('b')])
    expect(buffer.take()).toBeUndefined()
  })

  it('is full at its number of frames or of bytes, and empty again when taken', () => {
    const buffer = new FeedBuffer({ maxBufferedFrames: 2, maxBufferedBytes: 100 })
    buffer.add(item('a'), 99)
    expect(buffer.isFull).toBe(false)
    buffer.add(item('b'), 0)
    expect(buffer.isFull).toBe(true)
    buffer.take()
    expect(buffer.isFull).toBe(false)
    buffer.add(item('c'), 100)
    expect(buffer.isFull).toBe(true)
  })
})
