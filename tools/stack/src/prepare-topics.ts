import { createAdmin } from '@tidemark/kafka'
import { compatibilityLevel, connectRegistry, topics, valueSubject, type TopicDefinition } from '@tidemark/schemas'
import type { Stack } from './start-stack.ts'

export interface PrepareOptions {
  /** Every topic of the product by default. */
  readonly definitions?: readonly TopicDefinition[]
  /** Told of a topic that exists with another number of partitions: it is left as it is. */
  readonly log?: (line: string) => void
}

/**
 * The one step before any app starts: creates every topic with its settings and registers the schemas of their values.
 * What is there already is left as it is, so it can be repeated. Schemas are registered one after the other, in one
 * process: of parallel first registrations of a subject some fail. Rejects with the error of Kafka's or the registry's client.
 */
export async function prepareTopics(
  stack: Pick<Stack, 'bootstrapServers' | 'registryUrl'>,
  { definitions = topics, log = () => undefined }: PrepareOptions = {},
): Promise<void> {
  const logger = { debug() {}, info() {}, warn: tell, error: tell }
  function tell(_fields: object, message: string): void {
    log(message)
  }
  const admin = createAdmin({ bootstrapServers: stack.bootstrapServers, clientId: 'tidemark-stack', logger })
  try {
    const wanted = definitions.map(({ name, partitions, config }) => ({ name, partitions, config }))
    await Promise.all([admin.createTopics(wanted), registerSchemas(stack.registryUrl, definitions)])
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
