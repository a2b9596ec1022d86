import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import type { Host } from '@tidemark/stack'
import { RecordCollector } from '@tidemark/streams'
import { sampleCodec } from './jobs/job.ts'

/** A long backlog before an application whose sink is slow. */
export interface BacklogOptions {
  readonly host: Host
  readonly bootstrapServers: string
  /** Names the topic and the application. */
  readonly name: string
  readonly records: number
  readonly partitions: number
  readonly replicationFactor: number
  /** Of the application: its bound. */
  readonly maxBufferedBytes: number
  /** How long each write to the sink takes. */
  readonly writeMs: number
}

/** What was seen of the application, at most, in bytes. */
export interface BacklogVerdict {
  readonly records: number
  /** What the application says that it held between the broker and the sink. */
  readonly bufferedBytes: number
  /** The whole process, and what it took before it began. */
  readonly rssBytes: number
  readonly firstRssBytes: number
}

const program = join(dirname(fileURLToPath(import.meta.url)), 'bin/slow-sink.ts')
const KEYS = 1_000
const FLUSH_BYTES = 512 * 1024

/** Makes values so large that a million records, even as bytes alone, are more than what the process may grow by. Of fewer only what is held tells. */
const PADDING = 'x'.repeat(400)

/** What a process grows by beside what it holds: garbage that is not collected yet, code, connections. */
const GROWTH_BESIDE_BYTES = 256 * 1024 * 1024

/** True where something was seen to be held, and stayed below its bound, and the process grew by no more than that, with some room for the language. */
export function isBounded(
  { bufferedBytes, rssBytes, firstRssBytes }: BacklogVerdict,
  maxBufferedBytes: number,
): boolean {
  const isMeasured = bufferedBytes > 0
  return (
    isMeasured &&
    bufferedBytes <= maxBufferedBytes &&
    rssBytes - firstRssBytes <= maxBufferedBytes + GROWTH_BESIDE_BYTES
  )
}

/** Writes the backlog, then runs the application until it has gone through all of it. */
export async function runBacklog(options: BacklogOptions): Promise<BacklogVerdict> {
  const { host, bootstrapServers, name, maxBufferedBytes, records, writeMs } = options
  const topic = `${name}-in`
  await writeBacklog(options, topic)
  const args = [bootstrapServers, name, topic, String(maxBufferedBytes), String(records), String(writeMs)]
  const run = promisify(execFile)
  const { stdout } = await run(host.execPath, ['--conditions=@tidemark/source', program, ...args])
  return JSON.parse(stdout) as BacklogVerdict
}

async function writeBacklog(options: BacklogOptions, topic: string): Promise<void> {
  const { bootstrapServers, name, partitions, replicationFactor, records } = options
  const admin = createAdmin({ bootstrapServers, clientId: name })
  const kafka = kafkaPorts({ bootstrapServers, clientId: name })
  try {
    await admin.createTopics(
      [topic, `${name}-dlq`].map((made) => ({ name: made, partitions, replicationFactor, config: {} })),
    )
    const collector = new RecordCollector(kafka.producer({}))
    await collector.open(topic)
    for (let sequence = 0; sequence < records; sequence++) {
      const value = { sequence, timestampMs: sequence, amount: 1, padding: PADDING }
      const key = `key-${sequence % KEYS}`
      collector.add({ topic, key, value, codec: sampleCodec, timestampMs: sequence })
      if (collector.bufferedBytes > FLUSH_BYTES) await collector.flush()
    }
    await collector.flush()
  } finally {
    await kafka.close()
    await admin.close()
  }
}
