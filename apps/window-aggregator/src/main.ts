import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, valueSubject, type MarketMetrics, type Trade } from '@tidemark/schemas'
import { kafkaSettings, runService, streamsService, streamsSettings } from '@tidemark/service'
import { run } from '@tidemark/streams'
import { configSchema } from './config.ts'
import { aggregatorTopology } from './topology.ts'
import { whaleFloor } from './whale-floor.ts'

const applicationId = 'window-aggregator'

await runService({
  name: applicationId,
  config: configSchema,
  process,
  start: async ({ config, logger, metrics }) => {
    const registry = connectRegistry({ url: config.SCHEMA_REGISTRY_URL })
    const subject = (topic: string) => ({ registry, subject: valueSubject(topic) })
    const topology = aggregatorTopology({
      topics: {
        trades: config.KAFKA_TOPIC,
        metrics: topicNames.marketMetrics,
        late: topicNames.binanceTradesLate,
      },
      codecs: {
        trade: avroCodec<Trade>('Trade', subject(config.KAFKA_TOPIC)),
        metrics: avroCodec<MarketMetrics>('MarketMetrics', subject(topicNames.marketMetrics)),
      },
      windows: config.WINDOWS,
      graceMs: config.GRACE_MS,
      whaleFloor: whaleFloor(config.WHALE_MIN_NOTIONAL, (message) => logger.warn(message)),
    })
    const kafka = kafkaPorts({ ...kafkaSettings(config), clientId: applicationId, logger })
    const settings = streamsSettings(config)
    const app = run(topology, { applicationId, kafka, guarantee: 'exactly-once', ...settings, logger })
    return streamsService(app, { metrics, close: () => kafka.close() })
  },
})
