import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { connectRegistry } from '@tidemark/schemas'
import { kafkaSettings, runService } from '@tidemark/service'
import { configSchema } from './config.ts'
import { influxLines } from './influx-lines.ts'
import { applicationId, startInfluxSink } from './start-influx-sink.ts'
import { sinkCodecs } from './topology.ts'

await runService({
  name: applicationId,
  config: configSchema,
  process,
  start: (context) => {
    const { config, logger } = context
    const registry = connectRegistry({ url: config.SCHEMA_REGISTRY_URL })
    const kafka = kafkaPorts({ ...kafkaSettings(config), clientId: applicationId, logger })
    const lines = influxLines({
      url: config.INFLUX_URL,
      token: config.INFLUX_TOKEN,
      org: config.INFLUX_ORG,
      bucket: config.INFLUX_BUCKET,
      timeoutMs: config.INFLUX_TIMEOUT_MS,
    })
    return startInfluxSink({ ...context, kafka, lines, codecs: sinkCodecs(registry) })
  },
})
