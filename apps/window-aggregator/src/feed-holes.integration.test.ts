import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startSimulator, type FaultScriptInput, type Simulator } from '@tidemark/exchange-simulator'
import { kafkaPorts } from '@tidemark/kafka'
import type { RecordedTrade } from '@tidemark/oracle'
import { topicNames, type MarketMetrics, type TradeGap } from '@tidemark/schemas'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { KafkaRun } from './kafka-run-fixture.ts'
import { differences, oracleOutputs } from './oracle-fixture.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
  }
}

const producerProgram = fileURLToPath(new URL('../../trade-producer/src/main.ts', import.meta.url))
const { binanceTrades, binanceTradesDlq, tradeProducerPositions, tradeGaps, marketMetrics } = topicNames
const startMs = Date.parse('2024-08-08T12:00:00Z')
/** Until then windows are compared; the market goes on for as long as they need to close. */
const endMs = startMs + 9_000
const options = { whaleFloor: 2_000, vpinBucket: 0.5 }
/** Whoever has a symbol of this market has to be the only one with its shard: so it is not the first, as in other tests. */
const shards = 'AUSDT;BUSDT;CUSDT;BTCUSDT,ETHUSDT'

/** While REST is slow, some trades of one symbol don't arrive; a connection is cut; ids are left out for good. */
const faults: FaultScriptInput['faults'] = [
  { atMs: 2_000, do: 'rest-slow', forMs: 3_000, delayMs: 2_500 },
  { atMs: 2_200, do: 'lose', count: 10, symbols: ['BTCUSDT'] },
  { atMs: 6_000, do: 'cut' },
  { atMs: 7_300, do: 'skip-ids', count: 7, symbols: ['BTCUSDT'] },
]

/** The trade producer as its own program. Rejects if it ends. */
function startProducer(run: KafkaRun, simulator: Simulator): Promise<never> {
  const child = spawn(process.execPath, ['--conditions=@tidemark/source', producerProgram], {
    env: {
      ...process.env,
      KAFKA_BOOTSTRAP_SERVERS: inject('kafka'),
      SCHEMA_REGISTRY_URL: inject('registry'),
      KAFKA_TOPIC: run.topic(binanceTrades),
      KAFKA_DLQ_TOPIC: run.topic(binanceTradesDlq),
      KAFKA_POSITIONS_TOPIC: run.topic(tradeProducerPositions),
      KAFKA_GAPS_TOPIC: run.topic(tradeGaps),
      SYMBOLS: shards,
      SHARD: '3',
      BINANCE_WS_URL: simulator.url,
      RECONNECT_DELAY_S: '0.1',
      HEALTH_PORT: '0',
      HEALTH_HOST: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  for (const output of [child.stdout, child.stderr]) output.on('data', (text) => said.push(String(text)))
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return exited.then(() => Promise.reject(new Error(`trade-producer has ended: ${said.join('')}`)))
}

/** Whether ids are in a window, or next to one of its own. */
function touches(window: MarketMetrics, ids: Pick<TradeGap, 'from_trade_id' | 'to_trade_id'>): boolean {
  return window.first_trade_id <= ids.to_trade_id + 1 && window.last_trade_id >= ids.from_trade_id - 1
}

/** All trades of a symbol that the exchange has, as REST tells them. */
async function tradesOf(simulator: Simulator, symbol: string): Promise<RecordedTrade[]> {
  const trades: RecordedTrade[] = []
  for (;;) {
    const query = new URLSearchParams({ symbol, limit: '1000', fromId: String((trades.at(-1)?.id ?? -1) + 1) })
    const answer = await fetch(`${simulator.httpUrl}/api/v3/historicalTrades?${query.toString()}`)
    const rows = (await answer.json()) as {
      id: number
      price: string
      qty: string
      time: number
      isBuyerMaker: boolean
    }[]
    if (rows.length === 0) return trades
    for (const { id, price, qty, time, isBuyerMaker } of rows) {
      trades.push({ symbol, id, timeMs: time, price: Number(price), quantity: Number(qty), isBuy: !isBuyerMaker })
    }
  }
}

type Outputs = Parameters<typeof differences>[0]

/** What is about the time that is compared. */
function compared({ metrics, whales, anomalies }: Outputs): Outputs {
  return {
    metrics: metrics.filter(({ window_end_ms }) => window_end_ms <= endMs),
    whales: whales.filter(({ trade_time_ms }) => trade_time_ms < endMs),
    anomalies: anomalies.filter(({ detected_at_ms }) => detected_at_ms <= endMs),
  }
}

test('a hole that REST fills late leaves no trace and holds up its own symbol only, one that nobody can fill shows in exactly its windows', async () => {
  const prefix = `holes-${Date.now()}-`
  const kafka = kafkaPorts({ bootstrapServers: inject('kafka'), clientId: prefix })
  onTestFinished(() => kafka.close())
  const run = new KafkaRun({ bootstrapServers: inject('kafka'), registryUrl: inject('registry'), kafka, prefix })
  await run.prepare([binanceTradesDlq, tradeProducerPositions, tradeGaps], 1)
  const simulator = await startSimulator({
    source: { kind: 'synthetic', startMs, tradesPerSecond: 40 },
    symbols: ['BTCUSDT', 'ETHUSDT'],
    faults: { faults },
  })
  onTestFinished(() => simulator.stop())
  const ended = startProducer(run, simulator)
  const { app, windows } = run.start({
    WINDOWS: '1s,2s',
    GRACE_MS: '500',
    WHALE_MIN_NOTIONAL: `*=${options.whaleFloor}`,
    VPIN_BUCKET: String(options.vpinBucket),
  })
  onTestFinished(() => app.stop())

  const isClosed = async () => {
    const metrics = await run.read(marketMetrics, 'MarketMetrics')
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      for (const { label } of windows) {
        const ends = metrics
          .filter((one) => one.symbol === symbol && one.window === label)
          .map((one) => one.window_end_ms)
        expect(Math.max(...ends), `${symbol} ${label}`).toBeGreaterThanOrEqual(endMs)
      }
    }
  }
  await Promise.race([ended, app.done, vi.waitFor(isClosed, { timeout: 60_000, interval: 100 })])
  await app.stop()

  const { late, deadLetters, ...outputs } = await run.readOutputs()
  const truth = await Promise.all(['BTCUSDT', 'ETHUSDT'].map((symbol) => tradesOf(simulator, symbol)))
  expect(differences(compared(outputs), compared(oracleOutputs(truth, windows, options)))).toEqual([])
  expect([late, deadLetters]).toEqual([0, 0])
  expect(simulator.faults().map(({ fault }) => fault.do)).toEqual(faults.map((fault) => fault.do))

  const gaps = await run.read(tradeGaps, 'TradeGap')
  const [filled, unfillable] = ['filled', 'unfillable'].map((status) => gaps.filter((gap) => gap.status === status))
  const lost = filled?.find(({ symbol, cause }) => symbol === 'BTCUSDT' && cause === 'skip')
  const hole = unfillable?.[0]
  if (lost === undefined || hole === undefined) throw new Error(`these are not the gaps: ${JSON.stringify(gaps)}`)
  const seconds = outputs.metrics.filter(({ window }) => window === '1s')
  const bitcoin = seconds.filter(({ symbol }) => symbol === 'BTCUSDT')

  // The first window of what was lost waited for it; later ones of the other symbol did not.
  const held = bitcoin.findIndex((window) => touches(window, lost))
  const meanwhile = seconds.slice(0, seconds.indexOf(bitcoin[held] as MarketMetrics))
  const heldEndMs = bitcoin[held]?.window_end_ms as number
  expect(meanwhile.some((one) => one.symbol === 'ETHUSDT' && one.window_start_ms >= heldEndMs)).toBe(true)
  expect(filled?.filter(({ cause }) => cause === 'reconnect').map(({ symbol }) => symbol)).toContain('ETHUSDT')

  // Complete are all windows but a symbol's first and those that are next to ids that nobody has.
  expect(unfillable).toHaveLength(1)
  const wanting = compared(outputs).metrics.filter(({ complete }) => !complete)
  const expected = compared(outputs).metrics.filter(
    (one) => one.window_start_ms === startMs || (one.symbol === 'BTCUSDT' && touches(one, hole)),
  )
  expect(wanting).toEqual(expected)
  expect(outputs.anomalies.filter(({ kind }) => kind === 'data_gap')).toMatchObject([
    { id: `data_gap:BTCUSDT:${hole.from_trade_id}-${hole.to_trade_id}`, value: 7 },
  ])
  for (const { label } of windows) {
    const missing = outputs.metrics.filter(({ window }) => window === label).map((one) => one.missing_trades)
    expect(missing.filter((count) => count > 0)).toEqual([7])
  }
})
