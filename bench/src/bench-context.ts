import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createAdmin, kafkaPorts, type KafkaAdmin } from '@tidemark/kafka'
import { freePorts, startStack, type Host } from '@tidemark/stack'
import type { KafkaPorts } from '@tidemark/streams'

/** What every bench works with: one broker for both sides. */
export interface BenchContext {
  readonly host: Host
  readonly bootstrapServers: string
  readonly kafka: KafkaPorts
  readonly admin: KafkaAdmin
  /** For what the sides leave on disk; deleted afterwards. */
  readonly workDir: string
  readonly log: (line: string) => void
  /** Seconds of the machine's monotonic clock. */
  readonly clockS: () => number
  /** Milliseconds since 1970, with a fraction. */
  readonly nowMs: () => number
}

export interface BenchHost {
  readonly host: Host
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly clockS: () => number
  /** Milliseconds since 1970, with a fraction. */
  readonly nowMs: () => number
}

const BROKER_HEAP_MB = 1024
const POLL_MS = 20

/** Runs a bench on a broker of its own, which ends with it. */
export async function withBroker<T>(
  { host, signal, log, clockS, nowMs }: BenchHost,
  bench: (context: BenchContext) => Promise<T>,
): Promise<T> {
  const workDir = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const stack = await startStack({
    host,
    signal,
    dataDir: join(workDir, 'stack'),
    services: ['kafka'],
    ports: await freePorts(),
    heapMb: { kafka: BROKER_HEAP_MB },
    // A broker that runs for long has all its compilers.
    kafkaJvmOptions: ['-XX:TieredStopAtLevel=4'],
    log,
  })
  const { bootstrapServers } = stack
  const kafka = kafkaPorts({ bootstrapServers, clientId: 'bench' })
  const admin = createAdmin({ bootstrapServers, clientId: 'bench' })
  try {
    return await Promise.race([
      bench({ host, bootstrapServers, kafka, admin, workDir, log, clockS, nowMs }),
      failing(stack.failure),
    ])
  } finally {
    await kafka.close()
    await admin.close()
    await stack.stop()
    await rm(workDir, { recursive: true, force: true })
  }
}

/** Where in a topic a group has to be. */
export interface GroupPlace {
  readonly groupId: string
  readonly topic: string
  /** Ends of transactions in each partition: they take an offset, which a group need not commit. */
  readonly markers?: number
}

/** Resolves when a group has committed all records of a topic. */
export async function untilCommitted(
  { kafka, admin }: BenchContext,
  { groupId, topic, markers = 0 }: GroupPlace,
): Promise<void> {
  const reader = kafka.logReader()
  const ends = (await reader.offsets(topic)).map(({ endOffset }) => endOffset)
  await reader.close()
  for (;;) {
    const committed = new Map((await admin.groupOffsets(groupId, topic)).map((each) => [each.partition, each.offset]))
    if (ends.every((end, partition) => (committed.get(partition) ?? 0) >= end - markers)) return
    await delay(POLL_MS)
  }
}

async function failing(failure: Promise<Error>): Promise<never> {
  throw await failure
}
