import { createAdmin, createOperations, kafkaPorts, type KafkaAdmin } from '@tidemark/kafka'
import type { Host } from '@tidemark/stack'
import type { KafkaPorts } from '@tidemark/streams'
import { Instances } from './instances.ts'
import { sampleCodec, sampleWindowCodec, type JobName } from './jobs.ts'
import { writeLoad } from './load.ts'
import { readBack } from './read-back.ts'
import { seededRandom } from './seeded-random.ts'
import { judgeCopies, judgeWindows, type Guaranteed, type Verdict } from './verdict.ts'

/** One run of an application under load, with its instances ended again and again. */
export interface RoundOptions {
  readonly host: Host
  readonly bootstrapServers: string
  /** Names the topics and the application of this round. */
  readonly name: string
  readonly job: JobName
  readonly guarantee: Guaranteed
  readonly how: 'crash' | 'clean'
  readonly records: number
  readonly partitions: number
  readonly instances: number
  /** How often each instance is ended, spread over the load. */
  readonly restarts: number
  readonly replicationFactor: number
  readonly seed: number
  readonly logDir: string
  readonly log: (line: string) => void
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
}

const KEYS = 40
/** Slow enough that every restart comes while there is load. */
const PAUSE_MS = 40
const DRAIN_LIMIT_MS = 120_000
const POLL_MS = 200

/** Runs a round and judges what came out of it. */
export async function runRound(options: RoundOptions): Promise<Verdict> {
  const { bootstrapServers, name, job, partitions, replicationFactor } = options
  const topics = { input: `${name}-in`, output: `${name}-out` }
  const admin = createAdmin({ bootstrapServers, clientId: name })
  const kafka = kafkaPorts({ bootstrapServers, clientId: name })
  const instances = new Instances({ ...options, applicationId: name, topics })
  try {
    const config = { 'message.timestamp.type': 'LogAppendTime' }
    const made = [topics.input, topics.output, `${name}-dlq`, ...(job === 'windows' ? [`${name}-late`] : [])]
    await admin.createTopics(made.map((topic) => ({ name: topic, partitions, replicationFactor, config })))
    for (let index = 0; index < options.instances; index++) instances.start(index)
    await disturbedLoad(options, { kafka, instances, topic: topics.input })
    await untilDrained(options, { admin, kafka, topic: topics.input })
    await instances.endAll()
    const reader = kafka.logReader()
    const written = await readBack(reader, topics.input, sampleCodec)
    const verdict =
      job === 'copy'
        ? judgeCopies(written, await readBack(reader, topics.output, sampleCodec))
        : judgeWindows(written, await readBack(reader, topics.output, sampleWindowCodec))
    return { ...verdict, openTransactions: await openTransactions(options, topics.output) }
  } finally {
    await instances.endAll()
    await kafka.close()
    await admin.close()
  }
}

/** Writes the load while instances are ended and started again, one after the other, evenly over the load. */
async function disturbedLoad(
  options: RoundOptions,
  { kafka, instances, topic }: { kafka: KafkaPorts; instances: Instances; topic: string },
): Promise<void> {
  const { records, restarts, how, seed, log, wait } = options
  const random = seededRandom(seed)
  const total = restarts * options.instances
  const disturbances: Promise<void>[] = []
  let done = 0
  await writeLoad({
    kafka,
    topic,
    records,
    keys: KEYS,
    random,
    pause: async (written) => {
      await wait(PAUSE_MS)
      if (done >= total || written < ((done + 1) / (total + 1)) * records) return
      const index = done++ % options.instances
      log(`${options.name}: ${how} of instance ${index} after ${written} records`)
      disturbances.push(instances.end(index, how).then(() => instances.start(index)))
    },
  })
  await Promise.all(disturbances)
}

/** Waits until the group has committed everything up to the end of the input. */
async function untilDrained(
  { name, nowMs, wait }: RoundOptions,
  { admin, kafka, topic }: { admin: KafkaAdmin; kafka: KafkaPorts; topic: string },
): Promise<void> {
  const reader = kafka.logReader()
  const ends = await reader.offsets(topic)
  const giveUpMs = nowMs() + DRAIN_LIMIT_MS
  for (;;) {
    const committed = new Map(
      (await admin.groupOffsets(name, topic)).map(({ partition, offset }) => [partition, offset]),
    )
    const lag = ends.reduce(
      (sum, { endOffset }, partition) => sum + endOffset - Math.min(endOffset, committed.get(partition) ?? 0),
      0,
    )
    if (lag === 0) break
    if (nowMs() > giveUpMs) throw new Error(`${name}: ${lag} records were not processed within ${DRAIN_LIMIT_MS} ms`)
    await wait(POLL_MS)
  }
  await reader.close()
}

async function openTransactions({ bootstrapServers, name }: RoundOptions, topic: string): Promise<number> {
  const operations = createOperations({ bootstrapServers, clientId: name })
  try {
    return (await operations.openTransactions(topic)).length
  } finally {
    await operations.close()
  }
}
