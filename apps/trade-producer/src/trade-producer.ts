import {
  connectTrades,
  UnknownSymbolsError,
  type ConnectTradesOptions,
  type SymbolStart,
  type TradeFeed,
} from '@tidemark/binance'
import type { Trade, TradeGap, TradePosition } from '@tidemark/schemas'
import { ConfigError, type RunningService, type ServiceContext } from '@tidemark/service'
import { decide, StreamsError, type Codec, type KafkaPorts } from '@tidemark/streams'
import { commitLoop } from './commit-loop.ts'
import { transactionTimeoutMs, type ProducerConfig } from './config.ts'
import type { ExchangeSide } from './exchange-rest.ts'
import { exposeHops, type HopMetrics } from './hop-metrics.ts'
import { exposeFigures, producerHealth, type ProducerState } from './producer-health.ts'
import { SymbolChecker } from './symbol-checker.ts'
import { followChecked, SymbolSource } from './symbol-source.ts'
import { TradeWriter } from './trade-writer.ts'

/** Between two questions to a Kafka that does not answer. */
const repeatMs = 1_000

export interface TradeProducerOptions extends ServiceContext<ProducerConfig> {
  readonly kafka: KafkaPorts & { close(): Promise<void> }
  readonly codecs: {
    readonly trade: Codec<Trade>
    readonly position: Codec<TradePosition>
    readonly gap: Codec<TradeGap>
  }
  /** The exchange beside its streams; without it, what is missing is given up. */
  readonly exchange?: ExchangeSide
  /** A clock that is never set, for waits. */
  readonly nowMs: () => number
  /** The time of day by which the feed says when a trade arrived: set at any time, it is compared with itself alone. */
  readonly timeOfDayMs: () => number
  /** Resolves after this time, or at once when the signal is aborted. */
  readonly pause: (ms: number) => Promise<void>
  /** Default: the exchange. */
  readonly connect?: (options: ConnectTradesOptions) => TradeFeed
}

/**
 * Fences the shard's earlier writers, reads how far they have come, then connects to the exchange and writes what comes, and what was
 * missed in between. Rejects with a `ConfigError` where the file of symbols can't be used, or the exchange does not have one of them. Ends,
 * failed, where another instance of the shard takes over.
 */
export async function startTradeProducer(options: TradeProducerOptions): Promise<RunningService> {
  const { config, logger, metrics, signal, kafka, timeOfDayMs, exchange } = options
  const transactionalId = `trade-producer-${config.SHARD}`
  const source = new SymbolSource(config, logger)
  const checker = symbolChecker(options)
  const symbols = await symbolsAtStart(config, { source, checker })
  const tracked: { clock?: ReturnType<ExchangeSide['trackClock']> | undefined } = {}
  const hops = exposeHops(metrics, () => tracked.clock?.offset())
  const writer = new TradeWriter({
    onAcknowledged: (receivedMs) => hops.acknowledged(receivedMs, timeOfDayMs()),
    onHeldUp: (heldUp) =>
      logger.info(
        { topic: config.KAFKA_POSITIONS_TOPIC, ...heldUp },
        'waiting for transactions that other shards have open: one of a shard that was killed is aborted by the broker ' +
          `${transactionTimeoutMs / 1000} s after its begin, or some seconds later`,
      ),
    producer: kafka.transactionalProducer({ transactionalId, transactionTimeoutMs }),
    log: kafka.logReader(),
    symbols: () => state.symbols,
    topics: {
      trades: config.KAFKA_TOPIC,
      deadLetters: config.KAFKA_DLQ_TOPIC,
      positions: config.KAFKA_POSITIONS_TOPIC,
      gaps: config.KAFKA_GAPS_TOPIC,
    },
    codecs: options.codecs,
  })
  const positions = await writer.open(signal)
  logger.info({ transactionalId, symbols: symbols.length, positions: positions.size }, 'the shard is ours')
  signal.throwIfAborted()
  tracked.clock = exchange?.trackClock()
  const starts = startsOf(positions)
  const feed = openFeed(options, { symbols, starts, onReceived: (trade) => hops.received(trade.latency_ms) })
  const state: ProducerState = { symbols, feed, writer, checker, kafkaProblem: undefined }
  exposeFigures(metrics, state)
  const unwatch = source.watch(
    followChecked({
      check: (changed) =>
        checker.check(changed).then(() => takeUp(options, { writer, followed: state.symbols, changed })),
      follow: (changed) => {
        state.symbols = changed
        logger.info({ symbols: changed }, 'the symbols have changed')
        feed.setSymbols(changed, startsOf(writer.figures.positions))
      },
      refuse: (err) => logger.error({ err }, 'the symbols stay as they are'),
    }),
  )
  const done = write(options, { feed, writer, hops, state }).finally(async () => {
    unwatch()
    checker.stop()
    tracked.clock?.stop()
    await feed.stop()
    await kafka.close()
  })
  let isRunning = true
  const ended = (): void => void (isRunning = false)
  done.then(ended, ended)
  return {
    health: () => producerHealth(state),
    live: () => isRunning,
    ready: () => isRunning && feed.connected && state.kafkaProblem === undefined,
    done,
    stop: async () => {
      await feed.stop()
      // How it ended is told by `done`.
      await done.catch(() => undefined)
    },
  }
}

async function symbolsAtStart(
  { SYMBOLS_FILE }: ProducerConfig,
  { source, checker }: { source: SymbolSource; checker: SymbolChecker },
): Promise<readonly string[]> {
  const setting = SYMBOLS_FILE === undefined ? 'SYMBOLS' : 'SYMBOLS_FILE'
  const wrong = (error: Error): ConfigError => new ConfigError([`${setting}: ${error.message}`])
  const symbols = await source.read().catch((error: unknown) => Promise.reject(wrong(error as Error)))
  await checker.check(symbols).catch((error: unknown) => {
    throw error instanceof UnknownSymbolsError ? wrong(error) : error
  })
  return symbols
}

/** Another shard may have written of symbols that this one is given, up to a moment ago. Repeated until Kafka answers. */
async function takeUp(
  { logger, signal, pause }: TradeProducerOptions,
  { writer, followed, changed }: { writer: TradeWriter; followed: readonly string[]; changed: readonly string[] },
): Promise<void> {
  const symbols = changed.filter((symbol) => !followed.includes(symbol))
  if (symbols.length === 0) return
  for (;;) {
    try {
      return await writer.takeUp(symbols)
    } catch (err) {
      if (signal.aborted || decide(err) === 'stop') throw err
      logger.warn({ err, symbols }, 'it can not be read how far these symbols are: they are followed when it can')
      await pause(repeatMs)
    }
  }
}

function symbolChecker({ exchange, signal, pause, logger }: TradeProducerOptions): SymbolChecker {
  const require = async (symbols: readonly string[]): Promise<boolean> =>
    (await exchange?.requireSymbols(symbols, signal)) ?? true
  return new SymbolChecker({ require, pause, logger })
}

interface Parts {
  readonly feed: TradeFeed
  readonly writer: TradeWriter
  readonly hops: HopMetrics
  readonly state: ProducerState
}

/** Writes what the feed gives until it ends. Rejects as `commitLoop` does. */
async function write(
  { config, logger, signal, nowMs, timeOfDayMs, pause }: TradeProducerOptions,
  { feed, writer, hops, state }: Parts,
): Promise<void> {
  try {
    await commitLoop(feed, {
      writer,
      commitIntervalMs: config.COMMIT_INTERVAL_MS,
      signal,
      nowMs,
      pause,
      onRetry: (err, retryInMs) => {
        state.kafkaProblem = err instanceof Error ? err.message : String(err)
        logger.warn({ err, retry_in_ms: retryInMs }, 'Kafka does not take the trades: they are kept, and tried again')
      },
      onCommit: (tookMs, receivedMs) => {
        state.kafkaProblem = undefined
        hops.committed(tookMs, receivedMs, timeOfDayMs())
      },
    })
  } catch (error) {
    if (!(error instanceof StreamsError) || error.code !== 'fenced') throw error
    const { SHARD, KAFKA_TOPIC } = config
    const rule = `one producer a SHARD, also where it writes to another topic than ${KAFKA_TOPIC}`
    const stalled = `or this one stood still for ${transactionTimeoutMs / 1000} s within a transaction, and the broker aborted it`
    throw new StreamsError(
      'fenced',
      `shard ${SHARD} has been taken over by a producer started later: ${rule}; ${stalled}: start it again`,
      { cause: error },
    )
  }
}

function openFeed(
  { config, logger, exchange, connect = connectTrades }: TradeProducerOptions,
  own: Pick<ConnectTradesOptions, 'symbols' | 'starts' | 'onReceived'>,
): TradeFeed {
  return connect({
    url: config.BINANCE_WS_URL,
    ...own,
    connections: config.FEED_CONNECTIONS,
    reconnectDelayMs: config.RECONNECT_DELAY_S * 1000,
    maxReconnectDelayMs: config.MAX_RECONNECT_DELAY_S * 1000,
    rotateAfterMs: config.ROTATE_AFTER_S * 1000,
    watermarkIntervalMs: config.WATERMARK_INTERVAL_MS,
    watermarkMarginMs: config.WATERMARK_MARGIN_MS,
    fillTimeoutMs: config.FILL_TIMEOUT_MS,
    maxFillTrades: config.FILL_MAX_TRADES,
    maxBufferedFrames: config.FEED_BUFFER_FRAMES,
    maxPauseMs: config.FEED_MAX_PAUSE_MS,
    logger,
    ...(exchange && { history: exchange.history }),
  })
}

function startsOf(positions: ReadonlyMap<string, TradePosition>): Map<string, SymbolStart> {
  return new Map(
    [...positions].map(([symbol, { trade_id, trade_time_ms, watermark_ms, open_gap_from_id }]) => [
      symbol,
      {
        tradeId: trade_id,
        timeMs: trade_time_ms,
        ...(watermark_ms !== null && { watermarkMs: watermark_ms }),
        ...(open_gap_from_id !== null && { openGapFromId: open_gap_from_id }),
      },
    ]),
  )
}
