import { expect, it } from 'vitest'
import { z } from 'zod'
import { loadConfig } from './config.ts'
import { streamsFields, streamsSettings } from './streams-config.ts'

const load = (env: Record<string, string>) => streamsSettings(loadConfig(z.object(streamsFields()), env))

it('names records to skip by topic, partition and offset', () => {
  expect(load({ SKIP_RECORDS: 'binance-trades/3/1042, market.metrics_1/0/0' }).skip).toEqual([
    { topic: 'binance-trades', partition: 3, offset: 1042 },
    { topic: 'market.metrics_1', partition: 0, offset: 0 },
  ])
})

it.each(['binance-trades', 'binance-trades/3', 'binance-trades/3/x', '/3/4', 'binance-trades/3/-4', 'a/1/2,b'])(
  'refuses what is no place of a record: %s',
  (text) => {
    expect(() => load({ SKIP_RECORDS: text })).toThrow('SKIP_RECORDS')
  },
)

it('has a default for each', () => {
  expect(load({})).toEqual({
    commitIntervalMs: 100,
    maxBufferedBytes: 67_108_864,
    maxStateEntries: 1_000_000,
    recordDeadlineMs: 30_000,
    skip: [],
  })
})
