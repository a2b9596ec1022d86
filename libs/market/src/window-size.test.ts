import { expect, test } from 'vitest'
import { parseWindowSize, windowSizeMs } from './window-size.ts'

test.each([
  ['10s', '10s', 10_000],
  ['1m', '1m', 60_000],
  ['60s', '1m', 60_000],
  ['90s', '90s', 90_000],
  ['15m', '15m', 900_000],
  [' 1h ', '1h', 3_600_000],
  ['24h', '1d', 86_400_000],
  ['7d', '7d', 604_800_000],
])('%s is a window size, named %s', (text, label, sizeMs) => {
  expect(parseWindowSize(text)).toEqual({ ok: true, value: { label, sizeMs } })
  expect(windowSizeMs(text)).toBe(sizeMs)
})

test.each(['', '10', 's', '0s', '-1s', '1.5m', '1w', '10 s', '8d', '99999999999s'])(
  '"%s" is none, and the issue names it',
  (text) => {
    expect(parseWindowSize(text)).toMatchObject({ ok: false, issue: expect.stringContaining(`window size ${text}:`) })
    expect(() => windowSizeMs(text)).toThrow(RangeError)
  },
)
