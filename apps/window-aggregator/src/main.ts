import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { connectRegistry } from '@tidemark/schemas'
import { kafkaSettings, runService, streamsService, streamsSettings } from '@tidemark/service'
import { run } from '@tidemark/streams'
import { configSchema } from './config.ts'
import { configuredTopology } from './topology.ts'

const name = 'window-aggregator'

await runService({
  name,
  config: configSchema,
  process,
  start: async ({ config, logger, metrics }) => {
    const registry = connectRegistry({ url: config.SCHEMA_REGISTRY_URL })
    const topology = configuredTopology(config, { registry, warn: (message) => logger.warn(message) })
    const applicationId = `${config.OUTPUT_PREFIX}${name}`
    const kafka = kafkaPorts({ ...kafkaSettings(config), clientId: applicationId, logger })
    const settings = streamsSettings(config)
    const app = run(topology, { applicationId, kafka, guarantee: 'exactly-once', ...settings, logger })
    return streamsService(app, { metrics, close: () => kafka.close() })
  },
})
