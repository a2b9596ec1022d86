import { StreamsError, type InternalTopic } from '@tidemark/streams'
import type { KafkaAdmin } from './kafka-admin.ts'

/** Makes the topics that do not exist. Rejects with `topic-mismatch` where one exists with another number of partitions. */
export async function ensureTopics(admin: KafkaAdmin, topics: readonly InternalTopic[]): Promise<void> {
  // Before anything is made, and again for those that someone else made in the meantime.
  const missing = await unmade(admin, topics)
  if (missing.length === 0) return
  await admin.createTopics(missing)
  await unmade(admin, missing)
}

async function unmade(admin: KafkaAdmin, topics: readonly InternalTopic[]): Promise<InternalTopic[]> {
  const existing = new Map((await admin.describe(topics.map(({ name }) => name))).map((topic) => [topic.name, topic]))
  for (const { name, partitions } of topics) {
    const found = existing.get(name)?.partitions ?? partitions
    if (found === partitions) continue
    throw new StreamsError(
      'topic-mismatch',
      `topic ${name} has ${found} partitions, but ${partitions} are needed: its number of partitions is fixed when it is made, so that ` +
        `the topics it belongs to were changed since, or another application uses the name`,
    )
  }
  return topics.filter(({ name }) => !existing.has(name))
}
