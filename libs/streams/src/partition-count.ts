import { StreamsError } from './errors.ts'
import type { KafkaPorts } from './ports.ts'

/** How many partitions topics have that are read together: the same number each, since a task owns one of each. */
export async function commonPartitionCount(
  topics: readonly string[],
  kafka: Pick<KafkaPorts, 'logReader'>,
): Promise<number> {
  const reader = kafka.logReader()
  try {
    const counts = await Promise.all(topics.map((topic) => reader.partitionCount(topic)))
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
