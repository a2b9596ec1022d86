import { loadConfig } from '@tidemark/service'
import { describe, expect, test } from 'vitest'
import { configSchema } from './config.ts'

const SCHEMA_REGISTRY_URL = 'http://localhost:8081/apis/ccompat/v7'
const load = (env: Record<string, string> = {}) => loadConfig(configSchema, { SCHEMA_REGISTRY_URL, ...env })

describe('the settings of the aggregator', () => {
  test('default to five window sizes, two seconds of grace and a floor of 100,000 dollars', () => {
    const config = load()
    expect(config.WINDOWS.map(({ label }) => label)).toEqual(['10s', '1m', '5m', '15m', '1h'])
    expect(config.GRACE_MS).toBe(2_000)
    expect(config.HEALTH_PORT).toBe(8181)
    expect(config.WHALE_MIN_NOTIONAL.floorOf('BTCUSDT')).toBe(100_000)
  })

  test('name window sizes by their largest unit', () => {
    expect(load({ WINDOWS: '60s, 90s' }).WINDOWS).toEqual([
      { label: '1m', sizeMs: 60_000 },
      { label: '90s', sizeMs: 90_000 },
    ])
  })

  test('have neither a quantile for whales nor VPIN buckets, unless they are given', () => {
    expect(load().WHALE_QUANTILE).toBeUndefined()
    expect(load().VPIN_BUCKET('BTCUSDT')).toBeUndefined()
    const given = load({ WHALE_QUANTILE: '0.999', VPIN_BUCKET: 'BTCUSDT=10' })
    expect([given.WHALE_QUANTILE, given.VPIN_BUCKET('BTCUSDT')]).toEqual([0.999, 10])
    expect(load({ VPIN_BUCKET: '25' }).VPIN_BUCKET('ETHUSDT')).toBe(25)
  })

  test('list everything that is wrong at once', () => {
    const wrong = () =>
      load({
        ...{ WINDOWS: '10s,soon', WHALE_MIN_NOTIONAL: 'much', GRACE_MS: '-1', WHALE_QUANTILE: '99', VPIN_BUCKET: '-3' },
        OUTPUT_PREFIX: 'two words',
      })
    expect(wrong).toThrow(/WHALE_QUANTILE is "99": expected a quantile/)
    expect(wrong).toThrow(/VPIN_BUCKET is "-3"/)
    expect(wrong).toThrow(/OUTPUT_PREFIX/)
    expect(wrong).toThrow(/soon/)
    expect(wrong).toThrow(/much/)
    expect(wrong).toThrow(/GRACE_MS/)
  })
})
