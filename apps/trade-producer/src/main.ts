import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, valueSubject, type Trade } from '@tidemark/schemas'
import { kafkaSettings, runService } from '@tidemark/service'
import { producerConfig } from './config.ts'
import { exchangeRest } from './exchange-rest.ts'
import { startTradeProducer } from './trade-producer.ts'

const name = 'trade-producer'
/** A commit that can't be made is given up after this long, found out about, and made again. */
const retryForMs = 10_000

await runService({
  name,
  config: producerConfig,
  process,
  start: (context) => {
    const { config, logger, signal } = context
    const registry = connectRegistry({ url: config.SCHEMA_REGISTRY_URL })
    const kafka = kafkaPorts({ ...kafkaSettings(config), clientId: name, logger, retryForMs })
    return startTradeProducer({
      ...context,
      kafka,
      exchange: exchangeRest(config, logger),
      codecs: {
        trade: avroCodec<Trade>('Trade', { registry, subject: valueSubject(config.KAFKA_TOPIC) }),
        position: avroCodec('TradePosition', { registry, subject: valueSubject(config.KAFKA_POSITIONS_TOPIC) }),
        gap: avroCodec('TradeGap', { registry, subject: valueSubject(config.KAFKA_GAPS_TOPIC) }),
      },
      nowMs: () => performance.now(),
      timeOfDayMs: () => Date.now(),
      pause: (ms) => delay(ms, undefined, { signal }).catch(() => undefined),
    })
  },
})
