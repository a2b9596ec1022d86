import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, valueSubject, type Trade } from '@tidemark/schemas'
import { kafkaSettings, runService } from '@tidemark/service'
import { producerConfig } from './config.ts'
import { startTradeProducer } from './trade-producer.ts'

const name = 'trade-producer'

await runService({
  name,
  config: producerConfig,
  process,
  start: (context) => {
    const { config, logger } = context
    const registry = connectRegistry({ url: config.SCHEMA_REGISTRY_URL })
    const codec = avroCodec<Trade>('Trade', { registry, subject: valueSubject(config.KAFKA_TOPIC) })
    const kafka = kafkaPorts({ ...kafkaSettings(config), clientId: name, logger })
    return startTradeProducer({ ...context, kafka, codec })
  },
})
