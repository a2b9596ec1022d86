import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, valueSubject } from '@tidemark/schemas'
import { kafkaSettings, runService, streamsService, streamsSettings } from '@tidemark/service'
import { run } from '@tidemark/streams'
import { configSchema } from './config.ts'
import { aggregatorTopology, tradeFields } from './topology.ts'
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
        late: topicNames.binanceTradesLate,
        metrics: topicNames.marketMetrics,
        whales: topicNames.whaleOrders,
        anomalies: topicNames.marketAnomalies,
      },
      codecs: {
        trade: avroCodec('Trade', { ...subject(config.KAFKA_TOPIC), projection: tradeFields }),
        metrics: avroCodec('MarketMetrics', subject(topicNames.marketMetrics)),
        whale: avroCodec('WhaleOrder', subject(topicNames.whaleOrders)),
        anomaly: avroCodec('MarketAnomaly', subject(topicNames.marketAnomalies)),
      },
      windows: config.WINDOWS,
      graceMs: config.GRACE_MS,
      whaleFloor: whaleFloor(config.WHALE_MIN_NOTIONAL, (message) => logger.warn(message)),
      whaleQuantile: config.WHALE_QUANTILE,
      vpinBucket: config.VPIN_BUCKET,
    })
    const kafka = kafkaPorts({ ...kafkaSettings(config), clientId: applicationId, logger })
    const settings = streamsSettings(config)
    const app = run(topology, { applicationId, kafka, guarantee: 'exactly-once', ...settings, logger })
    return streamsService(app, { metrics, close: () => kafka.close() })
  },
})
