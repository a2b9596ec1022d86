import { flux, InfluxDB } from '@influxdata/influxdb-client'
import { windowName } from './pipeline-reader.ts'

export interface InfluxAddress {
  readonly url: string
  readonly token: string
  readonly org: string
  readonly bucket: string
}

/** The names of all windows that have a point. */
export async function windowsInInflux({ url, token, org, bucket }: InfluxAddress): Promise<Set<string>> {
  const query = flux`from(bucket: ${bucket})
    |> range(start: 0)
    |> filter(fn: (r) => r._measurement == "market_metrics" and r._field == "trade_count")
    |> keep(columns: ["_time", "symbol", "window"])
    |> group()`
  const rows = await new InfluxDB({ url, token })
    .getQueryApi(org)
    .collectRows<{ _time: string; symbol: string; window: string }>(query)
  return new Set(rows.map(({ _time, symbol, window }) => windowName(symbol, window, Date.parse(_time))))
}
