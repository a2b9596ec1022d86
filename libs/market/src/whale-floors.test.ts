import { expect, test } from 'vitest'
import { parseWhaleFloors } from './whale-floors.ts'

function floors(text: string) {
  const parsed = parseWhaleFloors(text)
  if (!parsed.ok) throw new Error(parsed.issues.join('; '))
  return parsed.value
}

test('a symbol has its own floor, all others the common one', () => {
  const { floorOf } = floors('BTCUSDT=250000, *=100000')
  expect(['BTCUSDT', 'ETHUSDT', 'SOLUSDC', 'BTCFDUSD'].map(floorOf)).toEqual([250_000, 100_000, 100_000, 100_000])
})

test('without a common floor only named symbols have one', () => {
  expect(['BTCUSDT', 'ETHUSDT'].map(floors('btcusdt=0.5').floorOf)).toEqual([0.5, undefined])
})

test('the common floor is off, with a warning, where the quote is not worth a dollar', () => {
  const { floorOf, warningsFor } = floors('*=100000')
  expect(['ETHBTC', 'BTCEUR', 'BTCTRY'].map(floorOf)).toEqual([undefined, undefined, undefined])
  expect(warningsFor(['BTCUSDT', 'ETHBTC'])).toEqual([expect.stringMatching(/ETHBTC are off.*\*=100000.*its own/)])
})

test('a floor of its own holds for any quote, in that quote, without a warning', () => {
  const { floorOf, warningsFor } = floors('ETHBTC=2,*=100000')
  expect(floorOf('ETHBTC')).toBe(2)
  expect(warningsFor(['ETHBTC'])).toEqual([])
})

test('all that is wrong is listed at once', () => {
  expect(parseWhaleFloors('BTCUSDT=0,*=5,*=6,ETHUSDT,=3,X=1e5')).toEqual({
    ok: false,
    issues: [
      expect.stringContaining('"BTCUSDT=0"'),
      expect.stringMatching(/"\*=6".*already/),
      expect.stringContaining('"ETHUSDT"'),
      expect.stringContaining('"=3"'),
      expect.stringContaining('"X=1e5"'),
    ],
  })
  expect(parseWhaleFloors('').ok).toBe(false)
})
