import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { createOperations } from '@tidemark/kafka'
import type { Trade } from '@tidemark/schemas'
import { partitionForKey, readBatches } from '@tidemark/streams'
import type { BenchContext } from './bench-context.ts'
import { differences, type Candles } from './compare-candles.ts'
import { fillTopic, writeTrades } from './fill-topic.ts'
import { candles, type Candle } from './jobs/candle.ts'
import { outcomeOf, sideOf, type Outcome, type Side } from './outcome.ts'
import { buildPeer, type PeerVariant } from './peer.ts'
import { readCandles } from './read-candles.ts'
import { kafkaStreams, runJob, tidemark, type Contestant, type Job } from './sides.ts'
import { closingTrades, evenSymbols, trades, type TradesOptions } from './trades.ts'

export interface RestoreBenchOptions {
  /** Open windows of as many symbols: entries of the state. */
  readonly entries: number
  readonly variants: readonly PeerVariant[]
  readonly limitMs: number
}

const PARTITIONS = 4
/** Between the changelogs of two sides, relative: ours says as well what it was written for, and how far its clocks are. */
const CHANGELOG_TOLERANCE = 0.01
/** Windows so long that all are open when the job is stopped. */
const WINDOW_MS = 86_400_000
const POLL_MS = 500

/**
 * State of a job that was stopped, restored from its changelog by a new process without a disk. Rejects where the windows that the
 * restored state leads to are not those of a job that was never stopped.
 */
export async function restoreBench(context: BenchContext, options: RestoreBenchOptions): Promise<Outcome> {
  const { log } = context
  const { entries, variants } = options
  const market = marketOf(entries)
  const expected = foldAtOnce(market)
  const ours = await restore(context, tidemark(context), { market, ...options })
  const hashes = [hashOf(expected), hashOf(ours.candles)]
  if (hashes[0] !== hashes[1]) throw new Error(`the state is not what it was: ${hashes.join(', ')}`)
  log(`state equal by hash: ${hashes.join(', ')}`)
  if (variants.length > 0) await buildPeer(log)
  const tried = []
  for (const variant of variants) {
    const peer = await restore(context, kafkaStreams(context, variant), { market, ...options })
    tried.push(peer.side)
    const differing = differences(expected, peer.candles)
    if (differing.length > 0) throw new Error(`the peer's state is not what it was:\n${differing.join('\n')}`)
    const [left, right] = [ours.side.changelog_entries, peer.side.changelog_entries]
    if (Math.abs(left - right) > CHANGELOG_TOLERANCE * left) {
      throw new Error(
        `the sides restore different logs: ${left} entries are in ours, ${right} in that of ${peer.side.name}`,
      )
    }
  }
  return outcomeOf('restore', entries, { tidemark: ours.side, tried })
}

/** A trade of each symbol: with more, how often an entry is written would depend on where a side's commits and evictions fall. */
function marketOf(entries: number): TradesOptions {
  return { count: entries, symbols: evenSymbols(entries, PARTITIONS), stepMs: 1, seed: 1 }
}

/** The windows as one fold of all trades makes them, without a broker. */
function foldAtOnce(market: TradesOptions): Candles {
  const states = new Map<string, ReturnType<typeof candles.init>>()
  for (const trade of trades(market)) {
    states.set(trade.symbol, candles.add(states.get(trade.symbol) ?? candles.init(), trade))
  }
  const [startMs, endMs] = windowOf(market)
  return new Map(
    [...states].map(([key, state]) => {
      const context = { key, window: { startMs, endMs }, lateCount: 0, nowMs: 0 }
      return [`${key} ${startMs}`, candles.result(state, context)]
    }),
  )
}

function windowOf(market: TradesOptions): [startMs: number, endMs: number] {
  const [first] = trades(market)
  const startMs = Math.floor(first!.trade_time_ms / WINDOW_MS) * WINDOW_MS
  return [startMs, startMs + WINDOW_MS]
}

function hashOf(all: Candles): string {
  const hash = createHash('sha256')
  for (const key of [...all.keys()].sort()) hash.update(`${key} ${JSON.stringify(all.get(key))}\n`)
  return hash.digest('hex')
}

/** What is restored, and what was read for it. */
interface RestoreSide extends Side {
  readonly changelog_entries: number
}

/** Each side has an input of its own, which is closed for it alone. */
async function restore(
  context: BenchContext,
  contestant: Contestant,
  { market, entries, limitMs }: RestoreBenchOptions & { readonly market: TradesOptions },
): Promise<{ side: RestoreSide; candles: Candles }> {
  const { kafka, admin, log } = context
  const input = `restore-${contestant.id}`
  await admin.createTopics([{ name: input, partitions: PARTITIONS }])
  log(`writing ${market.count} trades of ${entries} symbols …`)
  const records = await fillTopic(kafka, input, { ...market, closing: false })
  const times = { windowMs: WINDOW_MS, graceMs: 0, commitIntervalMs: 1_000 }
  const ends = { wallUntil: 'end', cpuUntil: 'end', limitMs } as const
  const job: Job = { name: 'restore', input, partitions: PARTITIONS, warmUp: 1, records, ...times, ...ends }
  const { output } = await runJob(context, contestant, job)
  const changelog_entries = await changelogRecords(context, output)
  log(`${changelog_entries} entries are in its changelog`)
  const { stateDir } = contestant
  if (stateDir !== undefined) await rm(stateDir, { recursive: true, force: true })
  const dump = stateDir && `${stateDir}.jsonl`

  // No record is counted this time: the process says itself when it begins to restore, and when it has.
  const again = { ...job, warmUp: 0, records: 0 }
  const { name, wall_s, cpu_s, rss_mb } = await runJob(context, contestant, {
    ...again,
    untilCommitted: () => (dump === undefined ? closeAll(context, { input, output, market }) : untilThere(dump)),
  })
  const side = { ...sideOf(name, entries, { wall_s, cpu_s, rss_mb }), changelog_entries }
  return { side, candles: dump === undefined ? await readCandles(kafka, output) : await readDump(dump) }
}

/** Writes trades that close all windows until their results are there: what our side's state leads to. */
async function closeAll(
  context: BenchContext,
  { input, output, market }: { readonly input: string; readonly output: string; readonly market: TradesOptions },
): Promise<void> {
  await writeTrades(context.kafka, input, closingOfPartitions(market))
  const expected = market.symbols.length
  while ((await recordsIn(context, output, expected)) < expected) await delay(POLL_MS)
}

/** In the changelogs of the application that writes an output. */
async function changelogRecords(context: BenchContext, output: string): Promise<number> {
  const operations = createOperations({ bootstrapServers: context.bootstrapServers, clientId: 'bench' })
  const application = output.slice(0, -'output'.length)
  const names = (await operations.listTopics()).filter(
    (name) => name.startsWith(application) && name.endsWith('-changelog'),
  )
  await operations.close()
  let count = 0
  for (const name of names) count += await recordsIn(context, name, 0)
  return count
}

/** The peer has a way to look into its state: it writes it to a file. */
async function untilThere(dump: string): Promise<void> {
  const isThere = () =>
    access(dump).then(
      () => true,
      () => false,
    )
  while (!(await isThere())) await delay(POLL_MS)
}

async function readDump(dump: string): Promise<Candles> {
  const found = new Map<string, Candle>()
  for await (const line of createInterface({ input: createReadStream(dump) })) {
    const { key, candle } = JSON.parse(line) as { readonly key: string; readonly candle: Candle }
    found.set(`${key} ${candle.startMs}`, candle)
  }
  return found
}

/** One trade for each partition: all its windows are closed by it. */
function closingOfPartitions(market: TradesOptions): Trade[] {
  const closing = new Map<number, Trade>()
  for (const trade of closingTrades({ ...market, symbols: market.symbols.slice(0, 100) })) {
    closing.set(partitionForKey(Buffer.from(trade.symbol), PARTITIONS), {
      ...trade,
      trade_time_ms: trade.trade_time_ms + WINDOW_MS,
    })
  }
  return [...closing.values()]
}

/** Committed records; the ends of transactions in between are none. */
async function recordsIn({ kafka }: BenchContext, topic: string, expected: number): Promise<number> {
  const reader = kafka.logReader()
  const offsets = await reader.offsets(topic)
  let count = 0
  // Read only once there may be enough.
  if (offsets.reduce((sum, { endOffset }) => sum + endOffset, 0) >= expected) {
    for await (const batch of readBatches(reader, topic)) count += batch.count
  }
  await reader.close()
  return count
}
