import { createHash } from 'node:crypto'
import { topicNames, type Alert, type MarketMetrics, type Trade } from '@tidemark/schemas'
import type { Codec, LogReaderPort } from '@tidemark/streams'
import { TopicFollower } from './topic-follower.ts'
import type { TradeTally } from './trade-tally.ts'

export interface PipelineCodecs {
  readonly trade: Codec<Trade>
  readonly metrics: Codec<MarketMetrics>
  readonly alert: Codec<Alert>
}

/** A window's name, the same for its record in Kafka and its point in InfluxDB. */
export function windowName(symbol: string, window: string, startMs: number): string {
  return `${symbol} ${window} ${startMs}`
}

/** Follows the topics of the pipeline and counts what is in them. */
export class PipelineReader {
  readonly #codecs: PipelineCodecs
  readonly #trades: TopicFollower
  readonly #deadLetters: TopicFollower
  readonly #metrics: TopicFollower
  readonly #alerts: TopicFollower
  readonly #whales: TopicFollower
  readonly #anomalies: TopicFollower
  readonly windows = new Set<string>()
  readonly latest = new Map<string, MarketMetrics>()
  readonly alerts = new Map<string, Alert>()
  readonly deadLetters = new Set<string>()

  constructor(reader: LogReaderPort, codecs: PipelineCodecs) {
    this.#codecs = codecs
    this.#trades = new TopicFollower(reader, topicNames.binanceTrades)
    this.#deadLetters = new TopicFollower(reader, topicNames.binanceTradesDlq)
    this.#metrics = new TopicFollower(reader, topicNames.marketMetrics)
    this.#alerts = new TopicFollower(reader, topicNames.alerts)
    this.#whales = new TopicFollower(reader, topicNames.whaleOrders)
    this.#anomalies = new TopicFollower(reader, topicNames.marketAnomalies)
  }

  get tradeEnds(): readonly number[] {
    return this.#trades.ends
  }

  get metricsEnds(): readonly number[] {
    return this.#metrics.ends
  }

  /** The topics of what the aggregator tells beside the metrics. */
  get findings(): readonly Pick<TopicFollower, 'topic' | 'ends'>[] {
    return [this.#whales, this.#anomalies]
  }

  /** Metrics and alerts since the last call; returns the new alerts. */
  async followResults(): Promise<Alert[]> {
    await this.#metrics.followValues(this.#codecs.metrics, (metrics) => this.#takeMetrics(metrics))
    for (const follower of [this.#whales, this.#anomalies]) await follower.follow(() => undefined)
    const fresh: Alert[] = []
    await this.#alerts.followValues(this.#codecs.alert, (alert) => {
      if (!this.alerts.has(alert.id)) fresh.push(alert)
      this.alerts.set(alert.id, alert)
    })
    return fresh
  }

  /** Trades and dead letters since the last call, counted against the ids of the source. */
  async followInput(tally: TradeTally): Promise<void> {
    await this.#trades.followValues(this.#codecs.trade, ({ symbol, trade_id }) => tally.add(symbol, trade_id))
    // The same frame may be dead-lettered again after a restart of the producer: it counts once.
    await this.#deadLetters.follow((cursor) => {
      this.deadLetters.add(
        createHash('sha256')
          .update(cursor.value() ?? '')
          .digest('base64'),
      )
    })
  }

  #takeMetrics(metrics: MarketMetrics): void {
    this.windows.add(windowName(metrics.symbol, metrics.window, metrics.window_start_ms))
    const slot = `${metrics.symbol} ${metrics.window}`
    const before = this.latest.get(slot)
    if (before === undefined || before.window_start_ms <= metrics.window_start_ms) this.latest.set(slot, metrics)
  }
}
