import { createAdmin } from '@tidemark/kafka'
import { compatibilityLevel, connectRegistry, topics, valueSubject, type TopicDefinition } from '@tidemark/schemas'
import type { Stack } from './start-stack.ts'

/**
 * The one step before any app starts: creates every topic with its settings and registers the schemas of their values.
 * What is there already is left as it is, so it can be repeated. Schemas are registered one after the other, in one
 * process: of parallel first registrations of a subject some fail.
 */
export async function prepareTopics(
  stack: Pick<Stack, 'bootstrapServers' | 'registryUrl'>,
  definitions: readonly TopicDefinition[] = topics,
): Promise<void> {
  await Promise.all([
    createTopics(stack.bootstrapServers, definitions),
    registerSchemas(stack.registryUrl, definitions),
  ])
}

async function createTopics(bootstrapServers: string, definitions: readonly TopicDefinition[]): Promise<void> {
  const admin = createAdmin({ bootstrapServers, clientId: 'tidemark-stack' })
  try {
    await admin.createTopics(definitions.map(({ name, partitions, config }) => ({ name, partitions, config })))
  } finally {
    await admin.close()
  }
}

async function registerSchemas(url: string, definitions: readonly TopicDefinition[]): Promise<void> {
  const registry = connectRegistry({ url })
  await registry.setCompatibility(compatibilityLevel)
  for (const { name, valueSchema } of definitions) {
    if (valueSchema !== undefined) await registry.register(valueSubject(name), valueSchema)
  }
}
