import { flux, InfluxDB } from '@influxdata/influxdb-client'
import type { InfluxAddress } from '../influx-windows.ts'
import type { RecomputedWindow } from './recompute.ts'

type Point = Record<string, unknown> & { _time: string; symbol: string; window: string }

/** Fields that are counts, ids and prices: equal to the last digit. Everything else is a sum or follows from one. */
const EXACT = new Set([
  'trade_count',
  'first_trade_id',
  'last_trade_id',
  'missing_trades',
  'open',
  'high',
  'low',
  'close',
  'max_trade_quote',
  'whale_order_count',
])
const TOLERANCE = 1e-12

/** Every point of market_metrics in a bucket, fields side by side. */
export async function readPoints({ url, token, org, bucket }: InfluxAddress): Promise<Point[]> {
  const query = flux`from(bucket: ${bucket})
    |> range(start: 0)
    |> filter(fn: (r) => r._measurement == "market_metrics")
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`
  return new InfluxDB({ url, token }).getQueryApi(org).collectRows<Point>(query)
}

/** What is different between the points and a recomputation: one line for each difference, none if all is right. */
export function differences(points: readonly Point[], windows: readonly RecomputedWindow[]): string[] {
  const nameOf = (symbol: string, window: string, startMs: number) => `${symbol} ${window} ${startMs}`
  const byName = new Map(points.map((point) => [nameOf(point.symbol, point.window, Date.parse(point._time)), point]))
  const found: string[] = []
  for (const { symbol, window, startMs, fields } of windows) {
    const name = nameOf(symbol, window, startMs)
    const point = byName.get(name)
    byName.delete(name)
    if (point === undefined) found.push(`${name}: no point`)
    else found.push(...fieldDifferences(name, point, fields))
  }
  for (const name of byName.keys()) found.push(`${name}: a point that should not be there`)
  return found
}

function fieldDifferences(name: string, point: Point, fields: RecomputedWindow['fields']): string[] {
  return Object.entries(fields).flatMap(([field, expected]) => {
    const actual = point[field] ?? null
    if (isSame(field, actual, expected)) return []
    return [`${name}: ${field} is ${JSON.stringify(actual)}, recomputed ${String(expected)}`]
  })
}

function isSame(field: string, actual: unknown, expected: number | null): boolean {
  if (actual === null || expected === null || typeof actual !== 'number') return actual === expected
  if (EXACT.has(field)) return actual === expected
  return Math.abs(actual - expected) <= TOLERANCE * Math.max(Math.abs(actual), Math.abs(expected))
}
