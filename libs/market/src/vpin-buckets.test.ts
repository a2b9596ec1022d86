import { expect, test } from 'vitest'
import { parseVpinBuckets } from './vpin-buckets.ts'

function bucketOf(text: string, symbol: string): number | undefined {
  const parsed = parseVpinBuckets(text)
  if (!parsed.ok) throw new Error(parsed.issues.join())
  return parsed.value(symbol)
}

test("a bucket is a symbol's own, or the common one, or none", () => {
  expect(['BTCUSDT', 'ETHUSDT'].map((symbol) => bucketOf('BTCUSDT=10,*=500', symbol))).toEqual([10, 500])
  expect(['BTCUSDT', 'ETHUSDT'].map((symbol) => bucketOf('btcusdt=0.5', symbol))).toEqual([0.5, undefined])
  expect(bucketOf(' 25 ', 'ETHUSDT')).toBe(25)
  expect(bucketOf('off', 'BTCUSDT')).toBeUndefined()
})

test('all that is wrong is listed', () => {
  expect(parseVpinBuckets('BTCUSDT=0,much')).toMatchObject({
    ok: false,
    issues: [/BTCUSDT=0/, /much/].map((issue) => expect.stringMatching(issue)),
  })
  expect(parseVpinBuckets('1.2.3').ok).toBe(false)
})
