import { describe, expect, it } from 'vitest'
import { frameLine } from './frame-line.ts'

const receivedUs = 1_723_161_255_343_125
const streams = new Set(['btcusdt@trade'])
const lineOf = (frame: string): string | undefined => frameLine(Buffer.from(frame), receivedUs, streams)?.toString()
const trade = '{"stream":"btcusdt@trade","data":{"e":"trade","t":7,"p":"1.50000000"}}'

describe('a line of a recording', () => {
  it('is the receive time in µs and the frame as it came', () => {
    expect(lineOf(trade)).toBe(`1723161255343125 ${trade}`)
  })

  it.each([
    ['a reply', '{"result":null,"id":1}'],
    ['an announcement', '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}'],
    ['a frame of another stream', trade.replace('btc', 'eth')],
    ['a frame that is cut off', '{"stream":"btcusdt@trade","data":{"e":}}'],
    ['a trade whose id is no number', trade.replace('7', '"7"')],
    ['a frame with a line break in it', trade.replace(',', ',\n')],
    ['a raw frame', '{"e":"trade","t":7,"p":"1.50000000"}'],
    ['no JSON', 'nonsense'],
    ['nothing', ''],
  ])('is not made of %s', (_what, frame) => {
    expect(lineOf(frame)).toBeUndefined()
  })
})
