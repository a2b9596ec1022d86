import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, topics, valueSubject } from '@tidemark/schemas'
import { freePorts, prepareTopics, stackEnvironment, startStack, type Stack } from '@tidemark/stack'
import type { KafkaPorts, RecordCursor } from '@tidemark/streams'
import type { BenchHost } from './bench-context.ts'
import { FeedMarket } from './feed-market.ts'
import { FeedReader, type FeedFigures, type ReadTrade } from './feed-reader.ts'
import { bareSide, producerSide, residentMegabytes, type FeedSide } from './feed-side.ts'
import { processorSeconds } from './measured-process.ts'
import type { Percentiles } from './percentiles.ts'

/** A market of so many symbols, with so many trades a second over all of them. */
export interface FeedLoad {
  readonly symbols: number
  readonly rate: number
}

export interface FeedBenchOptions {
  readonly loads: readonly FeedLoad[]
  /** The measured part of each. */
  readonly seconds: number
  /** Without it, our side alone. */
  readonly bare: boolean
  /** Where CPU profiles of our side are left, start and end included. */
  readonly profileDir?: string
}

export interface FeedSideOutcome extends FeedFigures {
  readonly name: string
  readonly acknowledged: Percentiles
  readonly cpu_s: number
  /** Resident memory: means of the first and of the last tenth of the measured part. */
  readonly rss_begin_mb: number
  readonly rss_end_mb: number
}

export interface FeedOutcome {
  readonly name: 'feed'
  readonly seconds: number
  readonly loads: readonly (FeedLoad & { readonly sides: readonly FeedSideOutcome[] })[]
}

const OUR_SIDE = 'tidemark'

/** What our side lost, doubled or never had, a line for each load. A bare loop may: that is what it is compared for. */
export function brokenByUs({ loads }: FeedOutcome): string[] {
  return loads.flatMap(({ symbols, rate, sides }) =>
    sides
      .filter(({ name, taken, lost, doubled }) => name === OUR_SIDE && (taken === 0 || lost + doubled > 0))
      .map(({ taken, lost, doubled }) => {
        return `${symbols} symbols, ${rate} trades/s: of ${taken} trades ${lost} lost, ${doubled} doubled`
      }),
  )
}

interface Surroundings extends BenchHost {
  readonly stack: Stack
  readonly kafka: KafkaPorts
}

/** One side, before it is started. */
interface Contestant {
  readonly name: string
  readonly topic: string
  readonly read: (cursor: RecordCursor) => ReadTrade | undefined
  start(market: FeedMarket): Promise<FeedSide>
}

const WARM_UP_S = 20
const SAMPLE_MS = 1_000
/** What is still on its way when the market has ended is waited for, unless nothing has come for so long. */
const SETTLE_MS = 30_000

/** The way of a trade from the exchange into Kafka: trade-producer, and a bare loop, over the same markets, one after the other. */
export async function feedBench(bench: BenchHost, options: FeedBenchOptions): Promise<FeedOutcome> {
  const { host, signal, log } = bench
  const workDir = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const stack = await startStack({
    ...{
      host,
      signal,
      log,
      ports: await freePorts(),
      dataDir: join(workDir, 'stack'),
      services: ['kafka', 'registry'],
    },
    // A broker that runs for long has all its compilers.
    kafkaJvmOptions: ['-XX:TieredStopAtLevel=4'],
  })
  const kafka = kafkaPorts({ bootstrapServers: stack.bootstrapServers, clientId: 'bench-feed' })
  try {
    const loads = []
    for (const load of options.loads) {
      const surroundings = { ...bench, stack, kafka }
      const contestants = [await tradeProducer(surroundings, load, options.profileDir)]
      if (options.bare) contestants.push(await bareLoop(surroundings, load))
      const sides = []
      for (const contestant of contestants) {
        log(`running feed at ${load.rate}/s on ${contestant.name} …`)
        sides.push(await measureFeed(surroundings, contestant, { ...load, seconds: options.seconds }))
      }
      loads.push({ ...load, sides })
    }
    return { name: 'feed', seconds: options.seconds, loads }
  } finally {
    await kafka.close()
    await stack.stop()
    await rm(workDir, { recursive: true, force: true })
  }
}

async function tradeProducer(
  { host, stack }: Surroundings,
  { rate }: FeedLoad,
  profileDir: string | undefined,
): Promise<Contestant> {
  const named = (name: string) => `feed-${rate}-${name}`
  await prepareTopics(stack, { definitions: topics.map((topic) => ({ ...topic, name: named(topic.name) })) })
  const topic = named(topicNames.binanceTrades)
  const registry = connectRegistry({ url: stack.registryUrl })
  const subject = valueSubject(topic)
  await avroCodec('Trade', { registry, subject }).prepare?.()
  const codec = avroCodec('Trade', { registry, subject, projection: ['trade_id', 'trade_time_ms'] })
  await codec.load?.(await registry.idOf(subject, 'Trade'))
  const read = (cursor: RecordCursor) => {
    if (cursor.valueStart < 0) return undefined
    const decoded = codec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
    if (!decoded.ok) throw new Error(decoded.issue.message)
    return decoded.value
  }
  const start = async (market: FeedMarket) => {
    const env = {
      ...stackEnvironment(stack),
      KAFKA_TOPIC: topic,
      KAFKA_DLQ_TOPIC: named(topicNames.binanceTradesDlq),
      KAFKA_POSITIONS_TOPIC: named(topicNames.tradeProducerPositions),
      KAFKA_GAPS_TOPIC: named(topicNames.tradeGaps),
      SYMBOLS: (await market.symbols()).join(','),
      BINANCE_WS_URL: market.url,
    }
    return producerSide(host, env, profileDir)
  }
  return { name: OUR_SIDE, topic, read, start }
}

async function bareLoop({ host, stack }: Surroundings, { rate }: FeedLoad): Promise<Contestant> {
  const topic = `feed-${rate}-bare`
  const definitions = topics
    .filter(({ name }) => name === topicNames.binanceTrades)
    .map(({ valueSchema: _, ...definition }) => ({ ...definition, name: topic }))
  await prepareTopics(stack, { definitions })
  const read = ({ bytes, valueStart, valueEnd }: RecordCursor) => {
    const { t, T } = JSON.parse(bytes.toString('latin1', valueStart, valueEnd)) as { t: number; T: number }
    return { trade_id: t, trade_time_ms: T }
  }
  const start = async (market: FeedMarket) =>
    bareSide(host, {
      topic,
      url: market.url,
      symbols: await market.symbols(),
      bootstrapServers: stack.bootstrapServers,
    })
  return { name: 'ws + kafkajs', topic, read, start }
}

async function measureFeed(
  { host, kafka, nowMs }: Surroundings,
  { name, topic, read, start }: Contestant,
  { seconds, ...load }: FeedLoad & { readonly seconds: number },
): Promise<FeedSideOutcome> {
  const market = await FeedMarket.start(host, { ...load, seconds: WARM_UP_S + seconds })
  const reader = new FeedReader({ kafka, topic, read, nowMs })
  await reader.start()
  const side = await start(market)
  const until = (atMs: number) => delay(Math.max(0, atMs - nowMs()))
  try {
    const marketBeganMs = await market.begun()
    const fromMs = marketBeganMs + WARM_UP_S * 1_000
    const toMs = fromMs + seconds * 1_000
    reader.measure({ marketBeganMs, fromMs, toMs })
    await until(fromMs)
    await side.begin()
    const cpuBefore = await processorSeconds(side.pid)
    const rss = []
    for (let atMs = fromMs; atMs < toMs; atMs += SAMPLE_MS) {
      await until(atMs)
      rss.push(await residentMegabytes(side.pid))
    }
    await until(toMs)
    const cpu_s = (await processorSeconds(side.pid)) - cpuBefore
    const acknowledged = await side.acknowledged()
    await market.ended()
    while (reader.missing(await market.published()) > 0 && nowMs() < reader.lastReadMs + SETTLE_MS)
      await delay(SAMPLE_MS)
    const figures = await reader.stop(await market.published())
    const tenth = Math.ceil(rss.length / 10)
    const memory = { rss_begin_mb: mean(rss.slice(0, tenth)), rss_end_mb: mean(rss.slice(-tenth)) }
    return { name, ...figures, acknowledged, cpu_s, ...memory }
  } finally {
    await side.stop()
    await market.stop()
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
