import { describe, expect, it } from 'vitest'
import { tradeStreamUrl } from './stream-url.ts'

describe('the address of a stream', () => {
  it('names each symbol once, in lower case', () => {
    expect(tradeStreamUrl('ws://127.0.0.1:9443/', ['BTCUSDT', 'ETHUSDT', 'BTCUSDT'])).toBe(
      'ws://127.0.0.1:9443/stream?streams=btcusdt@trade/ethusdt@trade',
    )
  })

  it('encodes a symbol outside ASCII', () => {
    expect(tradeStreamUrl('wss://example.com', ['币USDT'])).toBe('wss://example.com/stream?streams=%E5%B8%81usdt@trade')
  })

  it.each([
    ['http://example.com', 'not a ws:// or wss:// address'],
    ['example.com:9443', 'not a ws:// or wss:// address'],
    ['wss://example.com/ws', 'has a path: give the host alone, such as wss://example.com'],
  ])('is refused for %s with a reason', (base, reason) => {
    expect(() => tradeStreamUrl(base, ['BTCUSDT'])).toThrow(reason)
  })

  it('is refused without symbols and with more than a connection carries', () => {
    const symbols = Array.from({ length: 1_025 }, (_, index) => `S${index}`)
    expect(() => tradeStreamUrl('ws://h', [])).toThrow('no symbol')
    expect(() => tradeStreamUrl('ws://h', symbols)).toThrow('1025 symbols do not fit')
    expect(tradeStreamUrl('ws://h', symbols.slice(1))).toContain('s1024@trade')
  })
})
