import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAdmin, createOperations, kafkaPorts, type KafkaAdmin } from '@tidemark/kafka'
import type { Cluster } from '@tidemark/stack'
import { RecordCollector, type KafkaPorts } from '@tidemark/streams'
import { Follower } from './follower.ts'
import { processedBy, untilDrained, untilProcessed } from './group-progress.ts'
import { Instances } from './instances.ts'
import { sampleCodec, type JobTopics } from './jobs/job.ts'
import { jobs, type JobName } from './jobs/jobs.ts'
import { throwIfNotAsMade, writeLoad, type LoadOptions } from './load.ts'
import { offsetsPartitionOf } from './offsets-partition.ts'
import type { RoundPlace } from './proof-run.ts'
import { readBack } from './read-back.ts'
import { seededRandom, shuffledTurns } from './seeded-random.ts'
import { SideAct } from './side-act.ts'
import { isChangelog, judgeStates } from './state-hashes.ts'
import type { Guaranteed, StateJudgement, Verdict } from './verdict.ts'

/** One run of an application under load, with its instances ended again and again. */
export interface RoundOptions extends RoundPlace {
  /** What the instances connect to: the same, or a proxy before it. */
  readonly instanceServers?: string
  /** How long the instances wait for an answer, and little more for one on joining; what an application does if left out. */
  readonly instanceTimeoutMs?: number
  /** Whose brokers are ended, where brokers are. */
  readonly cluster?: Pick<
    Cluster,
    'brokerIds' | 'killBroker' | 'stopBroker' | 'startBroker' | 'untilReplaced' | 'untilInSync'
  >
  readonly job: JobName
  readonly guarantee: Guaranteed
  /** What is ended under load; `connections`: nothing is, the faults are in the way to the brokers. */
  readonly target: 'instances' | 'brokers' | 'connections'
  readonly how: 'crash' | 'clean'
  /** At least; the load lasts until all restarts are done. */
  readonly records: number
  readonly partitions: number
  readonly instances: number
  /** How often each instance, or each broker, is ended. */
  readonly restarts: number
  readonly replicationFactor: number
}

/** Some thousand records a second: every restart comes while there is load. */
const PAUSE_MS = 100
/** The load waits for the application where it gets further ahead: how much there is of it does not depend on how fast the machine is. */
const MOST_AHEAD = 10_000
/** Where a transaction that has nothing but offsets is open. */
const OFFSETS_TOPIC = '__consumer_offsets'
/** Less than the minute after which the broker ends a transaction itself: one that was begun last, and is left, is there for this long. */
const MARKERS_LIMIT_MS = 5_000
const program = join(dirname(fileURLToPath(import.meta.url)), 'bin/instance.ts')

export interface RoundResult extends Verdict {
  /** How many were written. */
  readonly records: number
  /** How many results the reader of `during` had when the load was over. */
  readonly readUnderLoad: number
}

/** Runs a round and judges what came out of it. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { host, bootstrapServers, name, guarantee, logDir } = options
  const job = jobs[options.job]
  const topics = { input: `${name}-in`, output: `${name}-out`, table: `${name}-table` }
  const admin = createAdmin({ bootstrapServers, clientId: name })
  const kafka = kafkaPorts({ bootstrapServers, clientId: name })
  const { instanceServers = bootstrapServers, instanceTimeoutMs } = options
  const patience = instanceTimeoutMs === undefined ? [] : [String(instanceTimeoutMs)]
  const instances = new Instances({
    host,
    command: [
      ...([program, instanceServers, name, options.job, guarantee] as const),
      ...[topics.input, topics.output, topics.table],
      ...patience,
    ],
    logDir,
  })
  const follower = new Follower(kafka.logReader(), topics.output)
  try {
    await makeTopics(options, { admin, kafka, topics })
    await follower.start()
    for (let index = 0; index < options.instances; index++) instances.start(index)
    const surroundings = { kafka, admin, instances, follower, topics }
    let state: StateJudgement | undefined
    let readUnderLoad = 0
    const records = await disturbedLoad(options, surroundings, async () => {
      readUnderLoad = follower.seen
      // At least once there are no changelogs.
      if (guarantee === 'exactly-once') state = await judgedStates(options, surroundings)
    })
    await untilDrained({ admin, kafka, group: name, topic: topics.input }, options)
    await instances.endAll()
    const openTransactions = await untilNoneIsOpen(options, admin)
    const reader = kafka.logReader()
    const written = await readBack(reader, topics.input, sampleCodec)
    throwIfNotAsMade(written, job.load(seededRandom(options.seed)), records)
    const after = await job.judge(written, (codec) => readBack(reader, topics.output, codec))
    const during = await job.judge(written, await follower.untilEnd(options))
    const { died } = instances
    return { records, readUnderLoad, ...after, during, state, died, openTransactions }
  } finally {
    await instances.endAll()
    await follower.close()
    await kafka.close()
    await admin.close()
  }
}

/** The topics of a round, with what the job's table has. */
async function makeTopics(
  { name, job, partitions, replicationFactor }: RoundOptions,
  { admin, kafka, topics }: { admin: KafkaAdmin; kafka: KafkaPorts; topics: JobTopics },
): Promise<void> {
  const { table } = jobs[job]
  const config = { 'message.timestamp.type': 'LogAppendTime' }
  const layout = { partitions, replicationFactor }
  const compacted = { ...config, 'cleanup.policy': 'compact' }
  await admin.createTopics([
    ...[topics.input, topics.output, `${name}-dlq`].map((topic) => ({ ...layout, name: topic, config })),
    ...(table === undefined ? [] : [{ ...layout, name: topics.table, config: compacted }]),
  ])
  if (table === undefined) return
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topics.table)
  for (const [key, value] of table) collector.addBytes({ topic: topics.table, key, value, timestampMs: 0 })
  await collector.flush()
  await producer.close()
}

interface Surroundings {
  readonly kafka: KafkaPorts
  readonly admin: KafkaAdmin
  readonly instances: Instances
  readonly follower: Follower
  readonly topics: JobTopics
}

/**
 * Writes the load while instances or brokers are ended and started again, one after the other as the seed has it. The next one ends when the application
 * has processed something since the last one did, so that each loses work under way. Where the faults are in the connections, all of
 * it counts from the first result on. Returns how many records were written.
 */
async function disturbedLoad(
  options: RoundOptions,
  { kafka, admin, instances, follower, topics }: Surroundings,
  beforeSilence: () => Promise<void>,
): Promise<number> {
  const { input: topic } = topics
  const { name, records, restarts, target, how, seed, log, wait } = options
  const victims = victimsOf(options, instances)
  const chance = seededRandom(-seed)
  const turns = shuffledTurns(victims.length, restarts, chance)
  let done = 0
  const ending = new SideAct()
  let processedAtLast = 0
  let startedAt = 0
  const load: LoadOptions = {
    kafka,
    topic,
    samples: jobs[options.job].load(seededRandom(seed)),
    beforeSilence,
    goOn: async (soFar) => {
      await wait(PAUSE_MS)
      ending.throwIfFailed()
      await untilProcessed({ admin, group: name, topic }, soFar - MOST_AHEAD, options)
      if (target === 'connections' && follower.seen === 0) startedAt = soFar
      if (done === turns.length) return ending.isUnderWay || soFar < startedAt + records
      if (ending.isUnderWay || soFar < ((done + 1) / (turns.length + 1)) * records) return true
      const processed = await processedBy({ admin, group: name, topic })
      if (processed <= processedAtLast) return true
      processedAtLast = processed
      const index = turns[done++]!
      log(`${name}: ${how} of ${target} ${index} after ${processed} of ${soFar} records`)
      // With the next records on their way: all that came before may be committed by now.
      ending.start(async () => {
        await wait(chance() * PAUSE_MS)
        await victims[index]?.()
      })
      return true
    },
  }
  try {
    return await writeLoad(load)
  } finally {
    // Where the load fails too, this is why; and what is started again late would outlive the round.
    await ending.end()
  }
}

/** What the application keeps once it has processed all records so far, while windows are open. */
async function judgedStates(options: RoundOptions, { kafka, admin, topics }: Surroundings): Promise<StateJudgement> {
  const { name: applicationId, partitions } = options
  await untilDrained({ admin, kafka, group: applicationId, topic: topics.input }, options)
  // A commit that its offsets show may not have come to the changelogs yet: they are told of it one by one.
  await untilNoneIsOpen(options, admin)
  const reader = kafka.logReader()
  const written = await readBack(reader, topics.input, sampleCodec)
  const changelogs = (await topicsOf(options)).filter(isChangelog)
  return await judgeStates({ reader, changelogs, applicationId, job: jobs[options.job], topics, written, partitions })
}

/** What ends one after the other, each as an action that ends it and starts it again. */
function victimsOf({ target, how, cluster }: RoundOptions, instances: Instances): (() => Promise<void>)[] {
  if (target === 'connections') return []
  if (target === 'instances') {
    return instances.running.map((index) => async () => {
      await instances.end(index, how)
      instances.start(index)
    })
  }
  if (cluster === undefined) throw new Error('a round that ends brokers needs a cluster of them')
  return cluster.brokerIds.map((id) => async () => {
    await (how === 'crash' ? cluster.killBroker(id) : cluster.stopBroker(id))
    // One that is back before the others have noticed takes itself for a leader still, and acts on what it alone has in its log, such as a commit
    // that it never answered: it tells the offsets' partition of it, and the new leader aborts the rest. See docs/operations.md.
    await cluster.untilReplaced(id)
    await cluster.startBroker(id)
    await cluster.untilInSync()
  })
}

/** Those of `makeTopics`, and changelogs, which are named after the application. */
async function topicsOf({ bootstrapServers, name }: RoundOptions): Promise<string[]> {
  const operations = createOperations({ bootstrapServers, clientId: name })
  try {
    return (await operations.listTopics()).filter((topic) => topic.startsWith(`${name}-`))
  } finally {
    await operations.close()
  }
}

/** How many there are still, when nothing is begun any more. A commit is answered before each partition has been told of it: what is only on its way there is waited for. */
async function untilNoneIsOpen(options: RoundOptions, admin: KafkaAdmin): Promise<number> {
  const { bootstrapServers, name, nowMs, wait } = options
  const operations = createOperations({ bootstrapServers, clientId: name })
  try {
    const topics = await topicsOf(options)
    const [offsets] = await admin.describe([OFFSETS_TOPIC])
    const ownOffsets = offsetsPartitionOf(name, offsets!.partitions)
    for (const giveUpMs = nowMs() + MARKERS_LIMIT_MS; ; await wait(PAUSE_MS)) {
      // Other partitions are other groups'.
      let open = (await operations.openTransactions(OFFSETS_TOPIC)).includes(ownOffsets) ? 1 : 0
      for (const topic of topics) open += (await operations.openTransactions(topic)).length
      if (open === 0 || nowMs() > giveUpMs) return open
    }
  } finally {
    await operations.close()
  }
}
