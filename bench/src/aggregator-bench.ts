import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, valueSubject, type Trade } from '@tidemark/schemas'
import { freePorts, prepareTopics, stackEnvironment, startStack, type Stack } from '@tidemark/stack'
import { RecordCollector } from '@tidemark/streams'
import type { BenchHost } from './bench-context.ts'
import { processorSeconds, residentMegabytes } from './measured-process.ts'
import { memoryTrend, type MemoryTrend } from './memory-trend.ts'

const app = fileURLToPath(new URL('../../apps/window-aggregator/src/main.ts', import.meta.url))
const FLUSH_BYTES = 16 * 1024 * 1024
const POLL_MS = 200
const HOUR_MS = 3_600_000
const MEGABYTE = 1024 * 1024

export interface AggregatorBenchOptions {
  /** A gzipped recording. */
  readonly recording: string
  /** How often it is gone through, its ids and times going on. */
  readonly loops: number
  /** Part of the trades that is gone through before the measured part. */
  readonly warmUp: number
  readonly limitMs: number
}

/** What the aggregator needed, as it is started in production, with everything on. */
export interface AggregatorOutcome {
  readonly name: 'aggregator'
  readonly records: number
  readonly wall_s: number
  readonly cpu_s: number
  readonly records_per_s: number
  readonly records_per_cpu_s: number
  /** Hours of the market's time that pass in a second. */
  readonly event_hours_per_s: number
  /** Hours of the market's time in all. */
  readonly event_hours: number
  readonly rss_mb: MemoryTrend
  /** JavaScript's own part of it, garbage that is not collected yet included. */
  readonly heap_mb: MemoryTrend
}

/** A recording in its topic. */
interface Filled {
  readonly trades: number
  readonly eventMs: number
}

/** What an app says of itself. */
interface AppFigures {
  /** Records that are processed and committed. */
  readonly committed: number
  readonly heapMb: number
}

/** Runs window-aggregator over a looped recording that is in its topic already, and measures its process from the warm-up's end on. */
export async function aggregatorBench(
  surroundings: BenchHost,
  options: AggregatorBenchOptions,
): Promise<AggregatorOutcome> {
  const { host, signal, log, clockS } = surroundings
  const workDir = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const ports = await freePorts()
  const stack = await startStack({
    ...{ host, signal, log, ports, dataDir: join(workDir, 'stack'), services: ['kafka', 'registry'] },
    kafkaJvmOptions: ['-XX:TieredStopAtLevel=4'],
  })
  try {
    await prepareTopics(stack)
    const { trades: total, eventMs } = await fill(stack, options)
    log(`${total} trades are in the topic`)
    const env = {
      ...host.env,
      ...stackEnvironment(stack),
      HEALTH_PORT: '0',
      HEALTH_HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
    }
    const everything = { ...env, VPIN_BUCKET: '2', WHALE_QUANTILE: '0.999' }
    const child = spawn(host.execPath, ['--conditions=@tidemark/source', app], {
      env: everything,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const figures = await figuresOf(child.stdout)
      const deadline = clockS() + options.limitMs / 1_000
      const looks: { readonly rssMb: number; readonly heapMb: number }[] = []
      const reach = async (count: number) => {
        for (;;) {
          const { committed, heapMb } = await figures()
          looks.push({ rssMb: await residentMegabytes(child.pid!), heapMb })
          if (committed >= count) return { records: committed, atS: clockS(), cpuS: await processorSeconds(child.pid!) }
          if (clockS() > deadline) throw new Error(`the aggregator took more than ${options.limitMs} ms`)
          await delay(POLL_MS)
        }
      }
      const begin = await reach(total * options.warmUp)
      looks.length = 0
      const end = await reach(total)
      const [records, wall_s, cpu_s] = [end.records - begin.records, end.atS - begin.atS, end.cpuS - begin.cpuS]
      const rates = { records_per_s: Math.round(records / wall_s), records_per_cpu_s: Math.round(records / cpu_s) }
      const event_hours = ((records / total) * eventMs) / HOUR_MS
      return {
        ...{ name: 'aggregator', records, wall_s, cpu_s, ...rates },
        ...{ event_hours_per_s: event_hours / wall_s, event_hours },
        rss_mb: memoryTrend(looks.map(({ rssMb }) => rssMb)),
        heap_mb: memoryTrend(looks.map(({ heapMb }) => heapMb)),
      }
    } finally {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
  } finally {
    await stack.stop()
    await rm(workDir, { recursive: true, force: true })
  }
}

/** Writes the recording again and again, ids and times going on. */
async function fill(stack: Stack, { recording, loops }: AggregatorBenchOptions): Promise<Filled> {
  const trades = gunzipSync(readFileSync(recording)).toString().trimEnd().split('\n').map(tradeOfLine)
  const counts = new Map([...Map.groupBy(trades, ({ symbol }) => symbol)].map(([symbol, all]) => [symbol, all.length]))
  const times = trades.map(({ trade_time_ms: timeMs }) => timeMs)
  const spanMs = times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b)) + 1
  const kafka = kafkaPorts({ bootstrapServers: stack.bootstrapServers, clientId: 'bench-fill' })
  const topic = topicNames.binanceTrades
  const registry = connectRegistry({ url: stack.registryUrl })
  const codec = avroCodec('Trade', { registry, subject: valueSubject(topic) })
  await codec.prepare()
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topic)
  for (let loop = 0; loop < loops; loop++) {
    for (const trade of trades) {
      const trade_id = trade.trade_id + loop * (counts.get(trade.symbol) ?? 0)
      const value = { ...trade, trade_id, trade_time_ms: trade.trade_time_ms + loop * spanMs }
      collector.add({ topic, key: trade.symbol, value, codec, timestampMs: value.trade_time_ms })
      if (collector.bufferedBytes > FLUSH_BYTES) await collector.flush()
    }
  }
  await collector.flush()
  await producer.close()
  await kafka.close()
  return { trades: loops * trades.length, eventMs: loops * spanMs }
}

interface TradeFrame {
  readonly data: { readonly e: string; E: number; s: string; t: number; p: string; q: string; T: number; m: boolean }
}

function tradeOfLine(line: string): Trade {
  const { data } = JSON.parse(line.slice(line.indexOf(' ') + 1)) as TradeFrame
  return {
    event_type: data.e,
    event_time_ms: data.E,
    symbol: data.s,
    trade_id: data.t,
    price: Number(data.p),
    quantity: Number(data.q),
    trade_time_ms: data.T,
    is_buyer_maker: data.m,
    ingestion_time_ms: data.E,
    latency_ms: 0,
  }
}

/** Asks an app for its figures, once it has said where they are served. */
async function figuresOf(stdout: Readable): Promise<() => Promise<AppFigures>> {
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: stdout })
      .on('line', (line) => {
        const { msg, port } = JSON.parse(line) as { msg: string; port?: number }
        if (msg === 'health is served' && port !== undefined) resolve(port)
      })
      .on('close', () => reject(new Error('the aggregator ended before it was up')))
  })
  return async () => {
    const health = await (await fetch(`http://127.0.0.1:${port}/health`)).json()
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const { partitions = [] } = health as { partitions?: { committed: number }[] }
    const committed = partitions.reduce((sum, partition) => sum + partition.committed, 0)
    return { committed, heapMb: Number(/^nodejs_heap_size_used_bytes(?:{.*})? (\S+)/m.exec(metrics)?.[1]) / MEGABYTE }
  }
}
