import { recordSchemas } from '@tidemark/schemas'
import { expect, it } from 'vitest'
import { gap, minute, whale } from './metrics-fixture.ts'
import { marketAnomalyLine, marketMetricsLine, whaleOrderLine } from './point-lines.ts'
import { recordLine } from './record-line.ts'

function lineOf(change: Partial<typeof minute> = {}): string {
  const result = marketMetricsLine({ ...minute, ...change })
  return result.ok ? result.line : `issue: ${result.issue}`
}

it('tags symbol and window, and takes the start of the window in ns for the time', () => {
  expect(lineOf()).toMatch(/^market_metrics,symbol=BTCUSDT,window=1m .* 1723161420000000000$/)
})

it('writes every other field of the record once: Avro long as an integer, double as a float', () => {
  const written = new Map(
    lineOf()
      .split(' ')[1]
      ?.split(',')
      .map((field) => field.split('=') as [string, string]),
  )
  const types = new Map(recordSchemas.MarketMetrics.fields.map(({ name, type }) => [name, type]))
  expect([...written.keys()].sort()).toEqual(
    [...types.keys()].filter((name) => name !== 'symbol' && name !== 'window').sort(),
  )
  for (const [name, text] of written) {
    const isBoolean = [types.get(name)].flat().includes('boolean')
    expect(text, name).toMatch(types.get(name) === 'long' ? /^-?\d+i$/ : isBoolean ? /^[TF]$/ : /^-?[\d.e+-]+$/)
  }
  expect(Object.fromEntries(written)).toMatchObject({
    trade_count: '3i',
    high: '61700',
    vwap: '61690.333333333336',
    realized_variance: '1e-7',
  })
})

it('leaves out a null', () => {
  expect(lineOf({ buy_sell_ratio: null })).not.toContain('buy_sell_ratio')
  expect(lineOf()).toContain('buy_sell_ratio=0.5')
})

it('writes a whale order at its time, and two of one millisecond apart', () => {
  const lines = [whale, { ...whale, first_trade_id: whale.first_trade_id + 5 }].map((order) => whaleOrderLine(order))
  expect(lines.map((result) => result.ok && result.line)).toEqual([
    expect.stringMatching(/^whale_orders,side=buy,symbol=BTCUSDT .*fill_count=3i.*rule="floor".* 1723161420123000001$/),
    expect.stringMatching(/ 1723161420123000006$/),
  ])
})

it('writes an anomaly at the start of its window, and a data gap, which has no window, with its ids', () => {
  const spike = { ...gap, kind: 'volume_spike', window: '1m', first_missing_id: null, last_missing_id: null }
  const lines = [spike, gap].map((anomaly) => marketAnomalyLine(anomaly))
  expect(lines.map((result) => result.ok && result.line)).toEqual([
    expect.stringMatching(
      /^market_anomalies,kind=volume_spike,symbol=BTCUSDT,window=1m (?!.*missing_id).* 1723161420000000000$/,
    ),
    expect.stringMatching(
      /^market_anomalies,kind=data_gap,symbol=BTCUSDT .*first_missing_id=12i.* 1723161420000000012$/,
    ),
  ])
})

it('gives the same line for the same record', () => {
  expect(lineOf()).toBe(lineOf())
})

it('escapes what would break a line apart', () => {
  expect(lineOf({ symbol: 'A B,C=D\nE' })).toMatch(/^market_metrics,symbol=A\\ B\\,C\\=D\\nE,window=1m /)
})

it('names the field or tag that cannot be a point', () => {
  expect(lineOf({ vwap: Number.NaN })).toBe('issue: field vwap is NaN')
  expect(lineOf({ high: Number.POSITIVE_INFINITY })).toBe('issue: field high is Infinity')
  expect(lineOf({ symbol: '' })).toBe('issue: tag symbol is ""')
  expect(lineOf({ symbol: 'BTC\\' })).toBe('issue: tag symbol is "BTC\\"')
})

it('refuses a schema with a type that no field has, when it is made', () => {
  const schema = { ...recordSchemas.Trade, fields: [{ name: 'levels', type: 'array', doc: '' }] }
  expect(() => recordLine(schema, { measurement: 'trades', tags: [], timeMs: () => 0 })).toThrow(
    'schema Trade: field levels has the Avro type array, which has no InfluxDB field type',
  )
})
