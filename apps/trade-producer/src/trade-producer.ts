import { connectTrades, type ConnectTradesOptions, type TradeFeed } from '@tidemark/binance'
import type { Trade } from '@tidemark/schemas'
import type { RunningService, ServiceContext } from '@tidemark/service'
import type { Codec, KafkaPorts } from '@tidemark/streams'
import type { ProducerConfig } from './config.ts'
import { readLastTradeIds } from './last-trade-ids.ts'
import { exposeFigures, producerHealth, type ProducerState } from './producer-health.ts'
import { TradePump } from './trade-pump.ts'

export interface TradeProducerOptions extends ServiceContext<ProducerConfig> {
  readonly kafka: KafkaPorts & { close(): Promise<void> }
  readonly codec: Codec<Trade>
  /** Default: the exchange. */
  readonly connect?: (options: ConnectTradesOptions) => TradeFeed
}

/**
 * Reads where the topic ends, then connects to the exchange and writes what comes. Ends, failed, where Kafka does not take the records
 * in time: the next start goes on from what is in the topic.
 */
export async function startTradeProducer(options: TradeProducerOptions): Promise<RunningService> {
  const { config, logger, metrics, signal, kafka, codec, connect = connectTrades } = options
  const { KAFKA_TOPIC: topic, KAFKA_DLQ_TOPIC: dlqTopic, SYMBOLS: symbols } = config
  const log = kafka.logReader()
  const lastTradeIds = await readLastTradeIds({ log, topic, symbols, codec, signal })
  await log.close()
  logger.info({ topic, last_trade_ids: Object.fromEntries(lastTradeIds) }, 'the topic was read from its end')
  const producer = kafka.producer({})
  const pump = new TradePump({ producer, topic, dlqTopic, codec, lastTradeIds })
  await pump.open()
  signal.throwIfAborted()
  const feed = connect({
    url: config.BINANCE_WS_URL,
    symbols,
    reconnectDelayMs: config.RECONNECT_DELAY_S * 1000,
    maxReconnectDelayMs: config.MAX_RECONNECT_DELAY_S * 1000,
    logger,
  })
  const state: ProducerState = { symbols, feed, pump }
  exposeFigures(metrics, state)
  const done = pump.run(feed).finally(async () => {
    await producer.close()
    await kafka.close()
  })
  let isRunning = true
  const ended = (): void => void (isRunning = false)
  done.then(ended, ended)
  return {
    health: () => producerHealth(state),
    live: () => isRunning,
    ready: () => isRunning && feed.connected,
    done,
    stop: async () => {
      await feed.stop()
      // How it ended is told by `done`.
      await done.catch(() => undefined)
    },
  }
}
