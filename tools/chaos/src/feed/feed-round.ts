import { FAULT_KINDS, startSimulator, randomFaultScript, type Simulator } from '@tidemark/exchange-simulator'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, topics, valueSubject } from '@tidemark/schemas'
import type { Cluster } from '@tidemark/stack'
import { startFaultProxy } from '@tidemark/testing'
import type { RoundPlace } from '../proof-run.ts'
import { seededRandom } from '../seeded-random.ts'
import { actsOf, type Act, type Stage } from './feed-acts.ts'
import { isSound, judgeFeed, type FeedVerdict, type IdRuns, type LeftOut } from './feed-judge.ts'
import { hasMet, kindOf, leavingOut, strike } from './feed-strikes.ts'
import { ProducerProcesses } from './producer-process.ts'
import { readFeed, type FeedTopics } from './read-feed.ts'

/** One run of the producer on an exchange where things go wrong, and on a Kafka that is away now and then. */
export interface FeedRoundOptions extends RoundPlace {
  /** A cluster of one broker, which then is killed and restarted too: each once at most, since it takes seconds. */
  readonly cluster?: Pick<Cluster, 'killBroker' | 'stopBroker' | 'startBroker'>
  readonly registryUrl: string
  /** How long the market lasts. */
  readonly seconds: number
  readonly symbols: readonly string[]
  /**
   * The exchange also leaves trades out of connections that live on. A heartbeat may have passed them before it shows (docs/adr/0005), so
   * these, and no others, may come behind one.
   */
  readonly leavesOut: boolean
}

export interface FeedResult extends FeedVerdict {
  readonly name: string
  readonly seed: number
  readonly connections: number
  readonly published: number
  /** What the round did and what met with something, how often. */
  readonly acts: Readonly<Record<string, number>>
  /** What the exchange did to connections and requests that there were. */
  readonly faults: Readonly<Record<string, number>>
  /** Producers that came back to Kafka after another had written, and ended. */
  readonly overtaken: number
  readonly sound: boolean
}

const tradesPerSecond = 25
/** After the market has ended, what is missing has so long to be filled or given up. */
const settleLimitMs = 90_000
const pollMs = 1_000

/** Runs a round and judges what came out of it. */
export async function runFeedRound(options: FeedRoundOptions): Promise<FeedResult> {
  const { host, bootstrapServers, registryUrl, name, seed, seconds, symbols, logDir, log } = options
  const random = seededRandom(seed)
  const connections = 1 + (seed % 2)
  const ways = await Promise.all([0, 1].map(() => startFaultProxy({ brokers: bootstrapServers })))
  const durationMs = seconds * 1000
  const simulator = await startSimulator({
    source: { kind: 'synthetic', durationMs, tradesPerSecond },
    symbols,
    seed,
    faults: randomFaultScript({ seed, durationMs, kinds: faultKinds(options) }),
    connectionLifeMs: durationMs / 3,
    log: (message) => log(`${name}: exchange: ${message}`),
  })
  const feedTopics = await makeTopics(options)
  const env = producerEnv({ options, simulator, connections, feedTopics })
  const bootstraps = ways.map((way) => way.bootstrapServers)
  const producers = new ProducerProcesses(host, { env, ways: bootstraps, logDir })
  const kafka = kafkaPorts({ bootstrapServers, clientId: name })
  try {
    producers.start()
    if (!(await until(options, () => simulator.status().connections_total > 0, settleLimitMs))) {
      throw new Error('the producer does not connect to the exchange: see its log')
    }
    const calmMs = options.nowMs() + durationMs * 0.85
    const stage = { cluster: options.cluster, producers, ways, random, wait: options.wait }
    const [acts] = await Promise.all([
      disturb(options, { ...stage, until: (holds, limitMs) => until(options, holds, limitMs) }),
      strike({ ...options, simulator, goesOn: () => options.nowMs() < calmMs }),
    ])
    const registry = connectRegistry({ url: registryUrl })
    const codecs = {
      trade: avroCodec('Trade', { registry, subject: valueSubject(topicNames.binanceTrades) }),
      gap: avroCodec('TradeGap', { registry, subject: valueSubject(topicNames.tradeGaps) }),
    }
    const evidence = async () => ({
      truth: await truthOf(simulator),
      ...(await readFeed(kafka.logReader(), feedTopics, codecs)),
      leftOut: leftOutBy(simulator),
    })
    const settled = await untilSettled(options, producers, async () => judgeFeed(await evidence()))
    // What producers write at their end counts too.
    await producers.end('clean')
    const verdict = isSound(settled) ? judgeFeed(await evidence()) : settled
    const published = [...(await truthOf(simulator)).values()]
      .flat()
      .reduce((sum, [from, to]) => sum + to - from + 1, 0)
    const met = simulator.faults().filter(hasMet)
    const faults = countsOf(met.map(({ fault }) => kindOf(fault)))
    const overtaken = await producers.linesWith('has written meanwhile')
    return { name, seed, connections, published, acts, faults, overtaken, sound: isSound(verdict), ...verdict }
  } finally {
    await producers.end('clean')
    await simulator.stop()
    await kafka.close()
    await Promise.all(ways.map((way) => way.close()))
  }
}

/**
 * Ends producers and the broker, starts second producers, and cuts them off from Kafka, until the market is over
 * and those in turn have met with something. Returns what has, how often.
 */
async function disturb(options: FeedRoundOptions, stage: Stage): Promise<Record<string, number>> {
  const { name, seed, seconds, log, nowMs, wait } = options
  const { producers, random } = stage
  const met: string[] = []
  const acts = actsOf(stage)
  // The first ones of a round in turn, so that three rounds with consecutive seeds have all.
  const inTurn = [0, 1, 2].map((index) => acts[(3 * seed + index) % acts.length]!)
  const isLeft = (act: Act) => !met.includes(act.name)
  const endMs = nowMs() + seconds * 1000
  // On a slow machine those in turn take longer than the market lasts.
  const lastMs = endMs + (seconds * 1000 * 2) / 3
  while (nowMs() < (inTurn.some(isLeft) ? lastMs : endMs)) {
    await wait(1_500 + random() * 4_000)
    const left = acts.filter((act) => act.isOnce !== true || isLeft(act))
    const act = inTurn.find(isLeft) ?? left[Math.floor(random() * left.length)]!
    log(`${name}: ${act.name}`)
    if (await act.run(stage)) met.push(act.name)
    // One that was fenced has ended by itself, as has one that could not start without Kafka.
    if (producers.running === 0) producers.start()
  }
  return countsOf(met)
}

function countsOf(names: readonly string[]): Record<string, number> {
  const groups = Map.groupBy(names, (each) => each)
  return Object.fromEntries([...groups].map(([each, all]) => [each, all.length]))
}

/** Judges again and again, until all is well or nothing will come any more. Producers that end meanwhile are started again. */
async function untilSettled(
  { nowMs, wait }: Pick<FeedRoundOptions, 'nowMs' | 'wait'>,
  producers: ProducerProcesses,
  judge: () => Promise<FeedVerdict>,
): Promise<FeedVerdict> {
  for (const endMs = nowMs() + settleLimitMs; ;) {
    if (producers.running === 0) producers.start()
    await wait(pollMs)
    const verdict = await judge()
    if (isSound(verdict) || nowMs() > endMs) return verdict
  }
}

async function until(
  { nowMs, wait }: Pick<FeedRoundOptions, 'nowMs' | 'wait'>,
  holds: () => boolean,
  limitMs: number,
): Promise<boolean> {
  for (const endMs = nowMs() + limitMs; !holds();) {
    if (nowMs() > endMs) return false
    await wait(10)
  }
  return true
}

function faultKinds({ leavesOut }: FeedRoundOptions) {
  // The producer sends no pings, so there are no answers to them that could be late.
  return FAULT_KINDS.filter((kind) => kind !== 'delay-pongs' && (leavesOut || kind !== leavingOut))
}

function leftOutBy(simulator: Simulator): LeftOut[] {
  return simulator
    .faults()
    .flatMap(({ fault, at_ms }) =>
      fault.do === leavingOut && at_ms !== null ? [{ fromMs: at_ms, count: fault.count }] : [],
    )
}

async function truthOf(simulator: Simulator): Promise<Map<string, IdRuns>> {
  return new Map(Object.entries((await simulator.truth()).symbols).map(([symbol, { runs }]) => [symbol, runs]))
}

async function makeTopics({ bootstrapServers, registryUrl, name }: FeedRoundOptions): Promise<FeedTopics> {
  const made: FeedTopics = {
    trades: `${name}-trades`,
    deadLetters: `${name}-dlq`,
    positions: `${name}-positions`,
    gaps: `${name}-gaps`,
  }
  const like: Record<keyof FeedTopics, string> = {
    trades: topicNames.binanceTrades,
    deadLetters: topicNames.binanceTradesDlq,
    positions: topicNames.tradeProducerPositions,
    gaps: topicNames.tradeGaps,
  }
  const admin = createAdmin({ bootstrapServers, clientId: name })
  await admin.createTopics(
    (Object.keys(made) as (keyof FeedTopics)[]).map((key) => {
      const definition = topics.find((topic) => topic.name === like[key])
      return { name: made[key], partitions: definition?.partitions ?? 1, config: definition?.config ?? {} }
    }),
  )
  await admin.close()
  const registry = connectRegistry({ url: registryUrl })
  await registry.register(valueSubject(made.trades), 'Trade')
  await registry.register(valueSubject(made.positions), 'TradePosition')
  await registry.register(valueSubject(made.gaps), 'TradeGap')
  return made
}

interface ProducerSurroundings {
  readonly options: FeedRoundOptions
  readonly simulator: Simulator
  readonly connections: number
  readonly feedTopics: FeedTopics
}

/** Short waits, so that a minute has many of them; a buffer that a Kafka that is away soon fills. */
function producerEnv({ options, simulator, connections, feedTopics }: ProducerSurroundings): NodeJS.ProcessEnv {
  return {
    SCHEMA_REGISTRY_URL: options.registryUrl,
    KAFKA_TOPIC: feedTopics.trades,
    KAFKA_DLQ_TOPIC: feedTopics.deadLetters,
    KAFKA_POSITIONS_TOPIC: feedTopics.positions,
    KAFKA_GAPS_TOPIC: feedTopics.gaps,
    SYMBOLS: options.symbols.join(','),
    BINANCE_WS_URL: simulator.url,
    FEED_CONNECTIONS: String(connections),
    FEED_BUFFER_FRAMES: '200',
    FEED_MAX_PAUSE_MS: '1000',
    FILL_TIMEOUT_MS: '15000',
    RECONNECT_DELAY_S: '0.2',
    MAX_RECONNECT_DELAY_S: '2',
    ROTATE_AFTER_S: String(options.seconds / 4),
    HEALTH_PORT: '0',
    HEALTH_HOST: '127.0.0.1',
  }
}
