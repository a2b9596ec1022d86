import { describe, expect, it } from 'vitest'
import { FrameSplitter, readRequestHeader } from './kafka-frames.ts'

const stream = Buffer.from('00000004deadbeef000000060102030405060000000461626364', 'hex')
const frames = ['deadbeef', '010203040506', '61626364']

describe('FrameSplitter', () => {
  it.each([1, 2, 3, 5, 7, 9, 14, stream.length])('cuts the same frames from pieces of %i bytes', (size) => {
    const splitter = new FrameSplitter()
    const found: string[] = []
    for (let at = 0; at < stream.length; at += size) {
      const pushed = splitter.push(stream.subarray(at, at + size))
      if (pushed.ok) found.push(...pushed.value.map((frame) => frame.toString('hex')))
    }
    expect(found).toEqual(frames)
  })

  it.each(['ffffffff', '00000003', '48545450'])('has an issue with a frame of length %s', (length) => {
    expect(new FrameSplitter().push(Buffer.from(length, 'hex'))).toMatchObject({
      ok: false,
      issue: expect.stringContaining('bytes'),
    })
  })
})

describe('readRequestHeader', () => {
  it('reads API, version, correlation id and client, whatever follows', () => {
    const frame = Buffer.from('0003000800000007000474657374ffff', 'hex')
    expect(readRequestHeader(frame)).toEqual({
      ok: true,
      value: { apiKey: 3, apiVersion: 8, correlationId: 7, clientId: 'test' },
    })
  })

  it('knows a client without a name', () => {
    const frame = Buffer.from('0012000000000001ffff', 'hex')
    expect(readRequestHeader(frame)).toMatchObject({ ok: true, value: { clientId: null } })
  })

  it.each(['00030008', '00030008000000070004746573'])('has an issue with a header that is cut off: %s', (hex) => {
    expect(readRequestHeader(Buffer.from(hex, 'hex'))).toMatchObject({ ok: false })
  })
})
