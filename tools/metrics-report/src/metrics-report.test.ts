import { existsSync, readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { readArrivals, windowsAsTheyCame, type RecordedTrade } from '@tidemark/oracle'
import { describe, expect, test } from 'vitest'
import { qualityRows } from './estimators/quality-table.ts'
import { drawnEstimators, judgedEstimators } from './estimators-report.ts'
import { metricsCharts } from './metrics-charts.ts'
import { drawnMetrics, readMetrics } from './metrics-report.ts'

const window = (symbol: string, startMs: number) =>
  JSON.stringify({
    symbol,
    window_start_ms: startMs,
    window_end_ms: startMs + 10_000,
    ...{ open: 1, high: 3, low: 1, close: 2, vwap: 1.5, buy_quote_volume: 5, sell_quote_volume: 3 },
    ...{ order_flow_imbalance: 0.25, realized_volatility: 0.4, bipower_variation: 1e-8, parkinson_volatility: 0.3 },
    ...{ garman_klass_volatility: 0.3, whale_quote_volume: 4, whale_buy_quote_volume: 4, volume_zscore: 1, vpin: 0.2 },
    ...{ trade_count: 7, missing_trades: 2, complete: false, max_trade_quote: 4, buy_sell_ratio: startMs / 5_000 },
  })

test("reads one symbol's windows, in order of time", () => {
  const text = [window('B', 20_000), window('A', 0), window('B', 10_000), ''].join('\n')
  expect(readMetrics(text, 'B').map(({ window_start_ms }) => window_start_ms)).toEqual([10_000, 20_000])
})

test('names a line that is no window, and a symbol that is not there', () => {
  expect(() => readMetrics(`${window('A', 0)}\n> npm run`, 'A')).toThrow('line 2 is not')
  expect(() => readMetrics('{}', 'A')).toThrow('line 1 is not')
  expect(() => readMetrics(window('A', 0), 'C')).toThrow('no window of C among 1: there are A')
})

test('draws each metric, the same each time', async () => {
  const windows = readMetrics([window('A', 0), window('A', 10_000), window('A', 20_000)].join('\n'), 'A')
  const pictures = await drawnMetrics(windows, windows)
  expect(pictures.map(({ name }) => name)).toEqual(metricsCharts.map(({ name }) => name))
  for (const { svg } of pictures) {
    expect(svg).toMatch(/^<svg/)
    expect(svg).not.toContain('NaN')
    expect(
      svg.match(/role="graphics-symbol"|aria-roledescription="(bar|rect mark|line mark|rule mark)"/g),
    ).not.toBeNull()
  }
  expect(await drawnMetrics(windows, windows)).toEqual(pictures)
})

const recording = fileURLToPath(new URL('../../../../shared/data/spot-20240808-btc-eth.trades.gz', import.meta.url))

test.skipIf(!existsSync(recording))('the pictures in docs are those of the recording, byte for byte', async () => {
  const size = { label: '10s', sizeMs: 10_000 }
  const windowsOf = (trades: readonly RecordedTrade[], vpinBucket?: number) => {
    const ofBitcoin = trades.filter(({ symbol }) => symbol === 'BTCUSDT')
    const judged = windowsAsTheyCame(ofBitcoin, [size], { graceMs: 2_000, whaleFloor: 100_000, vpinBucket })
    return readMetrics(judged.map(({ metrics }) => JSON.stringify(metrics)).join('\n'), 'BTCUSDT')
  }
  const trades = await readArrivals(recording)
  // As the command in the document leaves lines out, each of which is a trade.
  const holed = trades.filter((_, index) => (index + 1) % 6_000 > 300)
  for (const { name, svg } of await drawnMetrics(windowsOf(trades, 2), windowsOf(holed))) {
    const shown = new URL(`../../../docs/metrics/${name}.svg`, import.meta.url)
    expect(`${svg}\n` === readFileSync(shown, 'utf8'), `${name}.svg: npm run pictures makes it anew`).toBe(true)
  }
})

describe.skipIf(process.env['TIDEMARK_NIGHTLY'] === undefined)('the estimators, judged anew', () => {
  test('are what the table and the pictures in docs say', { timeout: 900_000 }, async () => {
    const judged = judgedEstimators()
    const shown = (file: string) => readFileSync(new URL(`../../../docs/${file}`, import.meta.url), 'utf8')
    const lines = shown('metrics.md')
      .split('\n')
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
    const header = lines.findIndex(([market]) => market === 'market')
    const rows = qualityRows(judged.byMarket)
    expect(lines.slice(header + 2, header + 2 + rows.length + 1)).toEqual([...rows, []])
    for (const { name, svg } of await drawnEstimators(judged)) {
      expect(`${svg}\n` === shown(`metrics/${name}.svg`), `${name}.svg: npm run pictures makes it anew`).toBe(true)
    }
  })
})

test('docs/metrics.md shows every picture, and has no other', async () => {
  const docs = fileURLToPath(new URL('../../../docs', import.meta.url))
  const text = readFileSync(`${docs}/metrics.md`, 'utf8')
  const estimatorPictures = await drawnEstimators(judgedEstimators({ windows: 5, seed: 1 }))
  const names = [...metricsCharts, ...estimatorPictures].map(({ name }) => `${name}.svg`).sort()
  expect(readdirSync(`${docs}/metrics`).sort()).toEqual(names)
  expect([...text.matchAll(/\(metrics\/([\w-]+\.svg)\)/g)].map(([, name]) => name).sort()).toEqual(names)
})
