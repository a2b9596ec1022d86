import { FAULT_KINDS, startSimulator, randomFaultScript, type Simulator } from '@tidemark/exchange-simulator'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, topics, valueSubject } from '@tidemark/schemas'
import type { Cluster } from '@tidemark/stack'
import { startFaultProxy, type FaultProxy } from '@tidemark/testing'
import type { RoundPlace } from '../proof-run.ts'
import { seededRandom } from '../seeded-random.ts'
import { isSound, judgeFeed, type FeedVerdict, type IdRuns, type LeftOut } from './feed-judge.ts'
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
  /** What the round did, how often. */
  readonly acts: Readonly<Record<string, number>>
  /** What the exchange did. */
  readonly faults: Readonly<Record<string, number>>
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
  const proxy = await startFaultProxy({ brokers: bootstrapServers })
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
  const env = producerEnv({ options, simulator, proxy, connections, feedTopics })
  const producers = new ProducerProcesses(host, { env, logDir })
  const kafka = kafkaPorts({ bootstrapServers, clientId: name })
  try {
    const acts = await disturb(options, { simulator, producers, proxy, random })
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
    const verdict = await untilSettled(options, producers, async () => judgeFeed(await evidence()))
    const published = [...(await truthOf(simulator)).values()]
      .flat()
      .reduce((sum, [from, to]) => sum + to - from + 1, 0)
    const faults = countsOf(simulator.faults().map(({ fault }) => fault.do))
    return { name, seed, connections, published, acts, faults, sound: isSound(verdict), ...verdict }
  } finally {
    await producers.end('clean')
    await simulator.stop()
    await kafka.close()
    await proxy.close()
  }
}

/** Ends producers and the broker, starts second producers, and cuts them off from Kafka, until the market is over. Returns what it did, how often. */
async function disturb(options: FeedRoundOptions, disturbed: Disturbed): Promise<Record<string, number>> {
  const { name, seconds, log, nowMs, wait } = options
  const { simulator, producers, random } = disturbed
  const did: string[] = []
  const acts = actsOf(options, disturbed)
  producers.start()
  await until({ nowMs, wait }, () => simulator.status().connections_total > 0)
  for (const endMs = nowMs() + seconds * 1000; nowMs() < endMs;) {
    await wait(1_500 + random() * 4_000)
    const left = acts.filter((act) => !act.isOnce || !did.includes(act.name))
    const act = left[Math.floor(random() * left.length)]!
    log(`${name}: ${act.name}`)
    did.push(act.name)
    await act.run()
    // One that was fenced has ended by itself, as has one that could not start without Kafka.
    if (producers.running === 0) producers.start()
  }
  return countsOf(did)
}

interface Act {
  readonly name: string
  readonly isOnce?: boolean
  run(): Promise<void>
}

function actsOf({ cluster, wait }: FeedRoundOptions, { producers, proxy, random }: Disturbed): readonly Act[] {
  const killed = async () => {
    await producers.end('crash')
    await wait(random() * 2_000)
    producers.start()
  }
  const restarted = async () => {
    await producers.end('clean')
    producers.start()
  }
  const cutOff = async () => {
    const bringUp = proxy.addRule({ on: 'request', action: 'close' })
    await wait(1_000 + random() * 4_000)
    bringUp()
  }
  const onBroker =
    (end: (brokerId: number) => Promise<void>, start: (brokerId: number) => Promise<void>) => async () => {
      await end(1)
      await wait(random() * 2_000)
      await start(1)
    }
  const acts: Act[] = [
    { name: 'kill -9', run: killed },
    { name: 'restart', run: restarted },
    { name: 'second instance', run: async () => producers.start() },
    { name: 'kafka cut off', run: cutOff },
  ]
  if (cluster === undefined) return acts
  const { killBroker, stopBroker, startBroker } = cluster
  return [
    ...acts,
    { name: 'broker kill -9', isOnce: true, run: onBroker(killBroker, startBroker) },
    { name: 'broker restart', isOnce: true, run: onBroker(stopBroker, startBroker) },
  ]
}

function countsOf(names: readonly string[]): Record<string, number> {
  const groups = Map.groupBy(names, (each) => each)
  return Object.fromEntries([...groups].map(([each, all]) => [each, all.length]))
}

interface Disturbed {
  readonly simulator: Simulator
  readonly producers: ProducerProcesses
  readonly proxy: FaultProxy
  readonly random: () => number
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

async function until({ nowMs, wait }: Pick<FeedRoundOptions, 'nowMs' | 'wait'>, holds: () => boolean): Promise<void> {
  for (const endMs = nowMs() + settleLimitMs; !holds();) {
    if (nowMs() > endMs) throw new Error('the producer does not connect to the exchange: see its log')
    await wait(pollMs / 10)
  }
}

const leavingOut = 'lose'

function faultKinds({ leavesOut }: FeedRoundOptions) {
  return FAULT_KINDS.filter((kind) => leavesOut || kind !== leavingOut)
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
  readonly proxy: FaultProxy
  readonly connections: number
  readonly feedTopics: FeedTopics
}

/** Short waits, so that a minute has many of them; a buffer that a Kafka that is away soon fills. */
function producerEnv({ options, simulator, proxy, connections, feedTopics }: ProducerSurroundings): NodeJS.ProcessEnv {
  return {
    KAFKA_BOOTSTRAP_SERVERS: proxy.bootstrapServers,
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
