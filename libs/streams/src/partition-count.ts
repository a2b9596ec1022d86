import { StreamsError } from './errors.ts'
import { orAborted } from './or-aborted.ts'
import type { KafkaPorts } from './ports.ts'

/** How many partitions topics have that are read together: the same number each, since a task owns one of each. Rejects with the signal's reason at once. */
export async function commonPartitionCount(
  topics: readonly string[],
  { kafka, signal }: { readonly kafka: Pick<KafkaPorts, 'logReader'>; readonly signal: AbortSignal },
): Promise<number> {
  const reader = kafka.logReader()
  try {
    const counts = await orAborted(signal, () => Promise.all(topics.map((topic) => reader.partitionCount(topic))))
    const differing = counts.findIndex((count) => count !== counts[0])
    if (differing < 0) return counts[0] ?? 0
    throw new StreamsError(
      'topic-mismatch',
      `topics ${topics[0]} and ${topics[differing]} are read together but have ${counts[0]} and ` +
        `${counts[differing]} partitions: give them the same number`,
    )
  } finally {
    await reader.close()
  }
}
