import type { KafkaAdmin } from '@tidemark/kafka'
import { StreamsError, type KafkaPorts } from '@tidemark/streams'

/** An application's input: how far its group is with it is asked. */
export interface GroupInput {
  readonly admin: KafkaAdmin
  readonly kafka: KafkaPorts
  readonly group: string
  readonly topic: string
}

export interface WaitOptions {
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
}

const DRAIN_LIMIT_MS = 120_000
const POLL_MS = 200

/** How many records of the topic the group has committed. */
export async function processedBy({ admin, group, topic }: Omit<GroupInput, 'kafka'>): Promise<number> {
  return (await admin.groupOffsets(group, topic)).reduce((sum, { offset }) => sum + offset, 0)
}

/** Waits until the group has committed so many records of the topic. Rejects where it gets no further for two minutes. */
export async function untilProcessed(
  input: Omit<GroupInput, 'kafka'>,
  records: number,
  { nowMs, wait }: WaitOptions,
): Promise<void> {
  let processed = 0
  let giveUpMs = nowMs() + DRAIN_LIMIT_MS
  while (processed < records) {
    const now = await processedBy(input)
    if (now > processed) giveUpMs = nowMs() + DRAIN_LIMIT_MS
    processed = now
    if (processed >= records) break
    if (nowMs() > giveUpMs) throw new Error(`${input.group}: stays at ${processed} records for ${DRAIN_LIMIT_MS} ms`)
    await wait(POLL_MS)
  }
}

/** Waits until the group has committed everything up to the end of the input. */
export async function untilDrained(
  { admin, kafka, group, topic }: GroupInput,
  { nowMs, wait }: WaitOptions,
): Promise<void> {
  const reader = kafka.logReader()
  const ends = await reader.offsets(topic)
  const giveUpMs = nowMs() + DRAIN_LIMIT_MS
  for (;;) {
    const committed = new Map(
      (await settledOffsets(admin, { group, topic })).map(({ partition, offset }) => [partition, offset]),
    )
    const lag = ends.reduce(
      (sum, { endOffset }, partition) => sum + endOffset - Math.min(endOffset, committed.get(partition) ?? 0),
      0,
    )
    if (lag === 0) break
    if (nowMs() > giveUpMs) throw new Error(`${group}: ${lag} records were not processed within ${DRAIN_LIMIT_MS} ms`)
    await wait(POLL_MS)
  }
  await reader.close()
}

/** None as long as one of them is in a transaction that is not over: where most requests fail, that can be so for a minute on end. */
async function settledOffsets(
  admin: KafkaAdmin,
  { group, topic }: Pick<GroupInput, 'group' | 'topic'>,
): Promise<Awaited<ReturnType<KafkaAdmin['groupOffsets']>>> {
  try {
    return await admin.groupOffsets(group, topic)
  } catch (error) {
    if (error instanceof StreamsError && error.retriable) return []
    throw error
  }
}
