import { expect, test } from 'vitest'
import { restUrl } from './exchange-rest.ts'

test.each([
  ['wss://data-stream.binance.vision', 'https://api.binance.com'],
  ['wss://stream.binance.com:9443', 'https://api.binance.com'],
  ['ws://127.0.0.1:9443', 'http://127.0.0.1:9443'],
  ['wss://notbinance.com', 'https://notbinance.com'],
])('past trades are asked for where the streams are: %s', (BINANCE_WS_URL, expected) => {
  expect(restUrl({ BINANCE_WS_URL, BINANCE_REST_URL: undefined })).toBe(expected)
  expect(restUrl({ BINANCE_WS_URL, BINANCE_REST_URL: 'http://other' })).toBe('http://other')
})
