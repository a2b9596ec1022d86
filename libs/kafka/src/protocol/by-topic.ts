/** Kafka's requests list partitions under their topic: groups a flat list so, keeping its order. */
export function byTopic<T extends { readonly topic: string }>(
  entries: readonly T[],
): { topic: string; entries: T[] }[] {
  const topics = new Map<string, T[]>()
  for (const entry of entries) {
    const known = topics.get(entry.topic)
    if (known === undefined) topics.set(entry.topic, [entry])
    else known.push(entry)
  }
  return [...topics].map(([topic, grouped]) => ({ topic, entries: grouped }))
}
