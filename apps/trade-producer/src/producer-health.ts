import type { FeedCounters, FeedState } from '@tidemark/binance'
import type { HealthReport, Metrics } from '@tidemark/service'
import type { PumpFigures } from './trade-pump.ts'

/** The parts of a running producer that its health is read from. */
export interface ProducerState {
  readonly symbols: readonly string[]
  readonly feed: { readonly state: FeedState; readonly connected: boolean; readonly counters: FeedCounters }
  readonly pump: { readonly figures: PumpFigures }
}

/** What `/health` answers: `ok` while trades can come in, `degraded` while the exchange is away. */
export function producerHealth({ symbols, feed, pump }: ProducerState): HealthReport {
  const { produced, dlq, duplicates, dlqByCode, lastTradeIds } = pump.figures
  const { state, counters } = feed
  return {
    status: feed.connected ? 'ok' : 'degraded',
    produced,
    dlq,
    duplicates,
    dlq_by_code: Object.fromEntries(dlqByCode),
    ws_connected: feed.connected,
    ...(state.phase === 'waiting' && { ws_problem: state.reason }),
    reconnects: counters.reconnects,
    frames: counters.frames,
    symbols,
    last_trade_ids: Object.fromEntries(lastTradeIds),
  }
}

/** Shows the same figures to Prometheus, read when they are asked for. */
export function exposeFigures(metrics: Metrics, { feed, pump }: ProducerState): void {
  const counters: readonly [name: string, help: string, value: () => number][] = [
    ['tidemark_producer_trades_total', 'Trades acknowledged by Kafka', () => pump.figures.produced],
    ['tidemark_producer_duplicates_total', 'Trades dropped because the topic has them', () => pump.figures.duplicates],
    ['tidemark_producer_frames_total', 'WebSocket frames received', () => feed.counters.frames],
    ['tidemark_producer_received_bytes_total', 'Bytes of WebSocket frames received', () => feed.counters.bytes],
    [
      'tidemark_producer_reconnects_total',
      'Connections to the exchange after the first',
      () => feed.counters.reconnects,
    ],
  ]
  for (const [name, help, value] of counters) {
    metrics.counter({
      name,
      help,
      collect() {
        this.reset()
        this.inc(value())
      },
    })
  }
  metrics.counter({
    name: 'tidemark_producer_dead_letters_total',
    help: 'Frames that could not be understood, acknowledged by Kafka as dead letters, by reason',
    labelNames: ['code'],
    collect() {
      this.reset()
      for (const [code, count] of pump.figures.dlqByCode) this.inc({ code }, count)
    },
  })
  metrics.gauge({
    name: 'tidemark_producer_connected',
    help: '1 while there is a connection to the exchange, else 0',
    collect() {
      this.set(feed.connected ? 1 : 0)
    },
  })
}
