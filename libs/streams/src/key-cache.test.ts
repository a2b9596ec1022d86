import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyCache } from './key-cache.ts'

test('a key is the string of its bytes, however many share a slot', () => {
  const cache = new KeyCache()
  for (let index = 0; index < 20_000; index++) {
    const bytes = Buffer.from(`key ${index % 10_000}`)
    expect(cache.keyIn(bytes, 0, bytes.length)).toBe(bytes.toString())
  }
})

test('a key is the string of its bytes, whatever they are', () => {
  const cache = new KeyCache()
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 80, unit: 'grapheme' })), (keys) => {
      for (const key of [...keys, ...keys]) {
        const bytes = Buffer.from(`<${key}>`)
        expect(cache.keyIn(bytes, 1, bytes.length - 1)).toBe(key)
      }
    }),
  )
})

test('a key that came before does not change with the bytes that it was read from', () => {
  const cache = new KeyCache()
  const bytes = Buffer.from('BTCUSDT')
  cache.keyIn(bytes, 0, bytes.length)
  bytes.write('ETHUSDT')
  expect(cache.keyIn(bytes, 0, bytes.length)).toBe('ETHUSDT')
  expect(cache.keyIn(Buffer.from('BTCUSDT'), 0, 7)).toBe('BTCUSDT')
})
