import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createOperations } from '@tidemark/kafka'
import { RecordCollector } from '@tidemark/streams'
import { untilCommitted, type BenchContext } from './bench-context.ts'
import { differences } from './compare-candles.ts'
import { writeTrades } from './fill-topic.ts'
import { jobArguments } from './job-settings.ts'
import { processorSeconds } from './measured-process.ts'
import { readCandles } from './read-candles.ts'
import { tidemark } from './sides.ts'
import { tradeCodec } from './trade-codec.ts'
import { evenSymbols, trades } from './trades.ts'

/** The same job with one instance and with two. */
export interface InstancesOutcome {
  readonly records: number
  readonly one: { readonly wall_s: number; readonly cpu_s: number }
  readonly two: { readonly wall_s: number; readonly cpu_s: number }
  /** Processor time per record of two instances over that of one. */
  readonly ratio_cpu_per_record: number
}

const PARTITIONS = 4
const times = { windowMs: 10_000, graceMs: 2_000, commitIntervalMs: 1_000 }
const TRANSACTION_TIMEOUT_MS = 120_000
const POLL_MS = 20

/** Rejects where two instances have other results than one. */
export async function instancesBench(
  context: BenchContext,
  { records, warmUp }: { readonly records: number; readonly warmUp: number },
): Promise<InstancesOutcome> {
  const one = await run(context, 1, { records, warmUp })
  const two = await run(context, 2, { records, warmUp })
  const [ofOne, ofTwo] = [await readCandles(context.kafka, outputOf(1)), await readCandles(context.kafka, outputOf(2))]
  const differing = differences(ofOne, ofTwo)
  if (differing.length > 0) throw new Error(`two instances have other results than one:\n${differing.join('\n')}`)
  context.log(`${ofOne.size} results, equal with one instance and with two`)
  return { records, one, two, ratio_cpu_per_record: two.cpu_s / one.cpu_s }
}

/**
 * The instances are warm and share the partitions before there is anything to measure: the measured records become visible all at
 * once, by the end of a transaction.
 */
async function run(
  context: BenchContext,
  instances: number,
  { records, warmUp }: { readonly records: number; readonly warmUp: number },
): Promise<{ wall_s: number; cpu_s: number }> {
  const { admin, bootstrapServers, clockS, kafka, log } = context
  const input = `instances-${instances}`
  const applicationId = `${input}-app`
  const output = outputOf(instances)
  const group = { groupId: applicationId, topic: input }
  log(`running engine on ${instances} instance(s) …`)
  await admin.createTopics([
    { name: input, partitions: PARTITIONS },
    { name: output, partitions: PARTITIONS },
    { name: `${applicationId}-dlq`, partitions: 1 },
  ])
  const symbols = evenSymbols(8, PARTITIONS)
  const market = trades({ count: warmUp + records, symbols, stepMs: 1, seed: 1 })
  const settings = { applicationId, bootstrapServers, input, output, warmUp: 0, records: 0, ...times }
  const [command, ...args] = tidemark(context).command('engine')
  const children = Array.from({ length: instances }, () =>
    spawn(command, [...args, ...jobArguments(settings)], { stdio: 'ignore' }),
  )
  const failed = Promise.race(children.map(exitOf))
  try {
    await Promise.race([untilMembers(context, applicationId, instances), failed])
    await writeTrades(kafka, input, take(market, warmUp))
    await Promise.race([untilCommitted(context, group), failed])
    const cpuS = () => Promise.all(children.map(({ pid }) => processorSeconds(pid!))).then(sum)
    const writing = writeAtOnce(context, input, market)
    let begin = { atS: clockS(), cpuS: await cpuS() }
    const before = await visibleRecords(context, input)
    while ((await visibleRecords(context, input)) === before) {
      begin = { atS: clockS(), cpuS: await cpuS() }
      await delay(POLL_MS)
    }
    await writing
    await Promise.race([untilCommitted(context, { ...group, markers: 1 }), failed])
    return { wall_s: clockS() - begin.atS, cpu_s: (await cpuS()) - begin.cpuS }
  } finally {
    failed.catch(() => undefined)
    await Promise.all(children.map(stop))
  }
}

function outputOf(instances: number): string {
  return `instances-${instances}-output`
}

async function untilMembers({ bootstrapServers }: BenchContext, groupId: string, members: number): Promise<void> {
  const operations = createOperations({ bootstrapServers, clientId: 'bench' })
  for (;;) {
    const group = await operations.describeGroup(groupId)
    if (group.state === 'Stable' && group.members.length === members) break
    await delay(POLL_MS)
  }
  await operations.close()
}

/** In one transaction, which readers see none or all of. */
async function writeAtOnce({ kafka }: BenchContext, topic: string, market: ReturnType<typeof trades>): Promise<void> {
  const transactionTimeoutMs = TRANSACTION_TIMEOUT_MS
  const producer = kafka.transactionalProducer({ transactionalId: `${topic}-writer`, transactionTimeoutMs })
  await producer.init()
  const send = () => Promise.reject(new Error('records of a transaction are sent by its commit'))
  const collector = new RecordCollector({ partitionCount: () => Promise.resolve(PARTITIONS), send })
  const codec = await tradeCodec(topic)
  await codec.prepare?.()
  await collector.open(topic)
  for (const value of market) {
    collector.add({ topic, key: value.symbol, value, codec, timestampMs: value.trade_time_ms })
  }
  await producer.commit({ batches: collector.batches(), groupId: topic, offsets: [] })
  await producer.close()
}

async function visibleRecords({ kafka }: BenchContext, topic: string): Promise<number> {
  const reader = kafka.logReader()
  const offsets = await reader.offsets(topic)
  await reader.close()
  return sum(offsets.map(({ endOffset }) => endOffset))
}

function* take<T>(all: Generator<T>, count: number): Generator<T> {
  for (let taken = 0; taken < count; taken++) yield all.next().value as T
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

async function exitOf(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null]
  throw new Error(`an instance exited with ${code}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
