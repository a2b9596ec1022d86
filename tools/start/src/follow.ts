import type { Alert } from '@tidemark/schemas'
import { fetchHealth, lagOf, type AppHealth } from './app-health.ts'
import type { PipelineFigures } from './console-view.ts'
import { isDrained, missing, StallWatch, type PipelineProgress } from './drain.ts'
import { windowsInInflux } from './influx-windows.ts'
import { topicNames } from '@tidemark/schemas'
import { fetchSimulatorStatus } from './simulator-status.ts'
import type { Summary } from './summary.ts'
import type { Tidemark } from './tidemark.ts'
import { TradeTally } from './trade-tally.ts'

/** Health of all apps, by name; undefined for one that does not answer. */
type Healths = ReadonlyMap<string, AppHealth | undefined>

/** Nothing has moved for this long after the last frame: what is missing then will not come. */
const STALL_LIMIT_MS = 60_000
const POLL_MS = 200

export interface DrainSurroundings {
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Gets the state of things, several times a second. */
  readonly show: (progress: PipelineProgress) => void
}

async function fetchHealths({ apps }: Tidemark): Promise<Healths> {
  const entries = apps.map(async ({ name, healthPort }) => [name, await fetchHealth(healthPort)] as const)
  return new Map(await Promise.all(entries))
}

/** Reads what the pipeline has done so far. `showAlert` gets each alert once. */
export async function readFigures(tidemark: Tidemark, showAlert: (alert: Alert) => void): Promise<PipelineFigures> {
  const [healths, fresh] = await Promise.all([fetchHealths(tidemark), tidemark.reader.followResults()])
  for (const alert of fresh) showAlert(alert)
  const producer = healths.get('trade-producer')
  const lags = tidemark.apps.map(({ name }) => lagOfApp(tidemark, healths, name))
  const written = healths.get('influx-sink')?.['written']
  return {
    produced: numberOf(producer?.['produced']),
    deadLetters: numberOf(producer?.['dlq']),
    connected: producer?.['ws_connected'] === true,
    windows: tidemark.reader.windows.size,
    points: typeof written === 'number' ? written : undefined,
    alerts: tidemark.reader.alerts.size,
    lag: lags.every((lag) => lag !== undefined) ? lags.reduce((sum, lag) => sum + lag, 0) : undefined,
  }
}

/** Waits until the source has gone through every sink, or nothing moves any more, and says what came of it. */
export async function untilDrained(tidemark: Tidemark, { nowMs, wait, show }: DrainSurroundings): Promise<Summary> {
  const stall = new StallWatch(STALL_LIMIT_MS)
  const tally = await sourceTally(tidemark)
  for (;;) {
    const progress = await readProgress(tidemark, tally)
    show(progress)
    if (isDrained(progress) || stall.isStalled(progress, nowMs())) return summaryOf(tidemark, tally, progress)
    await wait(POLL_MS)
  }
}

/** Counts the trades of the source in Kafka. A synthetic market's ids grow with it, so only their first is known before its end. */
async function sourceTally({ source }: Tidemark): Promise<TradeTally> {
  const status = await fetchSimulatorStatus(source.simulatorPort ?? 0)
  const ranges = Object.entries(status?.trades ?? {}).map(([symbol, { first_id, last_id }]) => {
    const open = status?.source === 'synthetic'
    return [symbol, { firstId: first_id ?? 0, lastId: open ? Infinity : (last_id ?? -1) }] as const
  })
  return new TradeTally(Object.fromEntries(ranges))
}

async function readProgress(tidemark: Tidemark, tally: TradeTally): Promise<PipelineProgress> {
  const { source, reader } = tidemark
  // In the order of the flow: what a later step has taken in is then never more than what was counted before it.
  const status = await fetchSimulatorStatus(source.simulatorPort ?? 0)
  await reader.followInput(tally)
  const aggregated = lagOfApp(tidemark, await fetchHealths(tidemark), 'window-aggregator')
  await reader.followResults()
  const healths = await fetchHealths(tidemark)
  const { available } = await tidemark.stack.influx
  const sinks = ['alert-engine', ...(available ? ['influx-sink'] : [])].map((name) => lagOfApp(tidemark, healths, name))
  const lags = [aggregated, ...sinks]
  return {
    source: {
      done: status?.done ?? false,
      trades: status?.trades_total ?? 0,
      malformed: status?.malformed_total ?? 0,
    },
    trades: tally.count,
    deadLetters: reader.deadLetters.size,
    lag: lags.every((lag) => lag !== undefined) ? lags.reduce((sum, lag) => sum + lag, 0) : undefined,
  }
}

async function summaryOf(tidemark: Tidemark, tally: TradeTally, progress: PipelineProgress): Promise<Summary> {
  const { reader, stack } = tidemark
  await reader.followResults()
  const influx = await stack.influx
  const points = influx.available ? await windowsInInflux(influx) : undefined
  const unwritten = points === undefined ? 0 : [...reader.windows].filter((name) => !points.has(name)).length
  return {
    tradesIn: tally.count,
    windowsOut: reader.windows.size,
    points: points === undefined ? undefined : reader.windows.size - unwritten,
    deadLetters: progress.deadLetters,
    gaps: tally.gaps,
    alerts: reader.alerts.size,
    lost: missing(progress) + unwritten + (progress.lag ?? 1),
  }
}

function lagOfApp({ reader }: Tidemark, healths: Healths, name: string): number | undefined {
  if (name === 'trade-producer') return healths.get(name) === undefined ? undefined : 0
  if (name === 'window-aggregator') return lagOf(healths.get(name), topicNames.binanceTrades, reader.tradeEnds)
  const lag = lagOf(healths.get(name), topicNames.marketMetrics, reader.metricsEnds)
  if (name !== 'influx-sink' || lag === undefined) return lag
  const others = reader.findings.map(({ topic, ends }) => lagOf(healths.get(name), topic, ends))
  return others.every((other) => other !== undefined) ? others.reduce((sum, other) => sum + other, lag) : undefined
}

function numberOf(figure: unknown): number {
  return typeof figure === 'number' ? figure : 0
}
