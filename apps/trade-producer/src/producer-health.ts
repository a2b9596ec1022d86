import type { FeedCounters, FeedState } from '@tidemark/binance'
import type { HealthReport, Metrics } from '@tidemark/service'
import type { SymbolChecker } from './symbol-checker.ts'
import type { WrittenFigures } from './trade-writer.ts'

/** The parts of a running producer that its health is read from. */
export interface ProducerState {
  symbols: readonly string[]
  readonly feed: { readonly state: FeedState; readonly connected: boolean; readonly counters: FeedCounters }
  readonly writer: { readonly figures: WrittenFigures }
  readonly checker: Pick<SymbolChecker, 'problem'>
  /** Why the last commit failed; undefined while they succeed. */
  kafkaProblem: string | undefined
}

/** What `/health` answers: `ok` while trades come in and go out, `degraded` while the exchange or Kafka is away, or a symbol does not exist. */
export function producerHealth({ symbols, feed, writer, checker, kafkaProblem }: ProducerState): HealthReport {
  const { produced, heartbeats, dlqByCode, gapsByStatus, positions } = writer.figures
  const { state, counters } = feed
  return {
    status: feed.connected && kafkaProblem === undefined && checker.problem === undefined ? 'ok' : 'degraded',
    produced,
    heartbeats,
    dlq: sum(dlqByCode.values()),
    duplicates: counters.duplicates,
    dlq_by_code: Object.fromEntries(dlqByCode),
    gaps: Object.fromEntries(gapsByStatus),
    ws_connected: feed.connected,
    ...(state.phase === 'waiting' && { ws_problem: state.reason }),
    ...(kafkaProblem !== undefined && { kafka_problem: kafkaProblem }),
    ...(checker.problem !== undefined && { symbols_problem: checker.problem.message }),
    reconnects: counters.reconnects,
    frames: counters.frames,
    dropped: counters.dropped,
    in_doubt: counters.in_doubt,
    went_back: counters.went_back,
    open_holes: counters.open_holes,
    held: counters.held,
    symbols,
    last_trade_ids: Object.fromEntries(
      symbols.flatMap((symbol) => {
        const position = positions.get(symbol)
        return position === undefined ? [] : [[symbol, position.trade_id]]
      }),
    ),
  }
}

/** Shows the same figures to Prometheus, read when they are asked for. */
export function exposeFigures(metrics: Metrics, { feed, writer, checker }: ProducerState): void {
  const counters: readonly [name: string, help: string, value: () => number][] = [
    ['tidemark_producer_trades_total', 'Trades committed to Kafka', () => writer.figures.produced],
    ['tidemark_producer_heartbeats_total', 'Heartbeats committed to Kafka', () => writer.figures.heartbeats],
    ['tidemark_producer_duplicates_total', 'Trades that had come before', () => feed.counters.duplicates],
    ['tidemark_producer_dropped_total', 'Trades without room, asked for later', () => feed.counters.dropped],
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
  const gauges: readonly [name: string, help: string, value: () => number][] = [
    ['tidemark_producer_connected', '1 while every stream is connected, else 0', () => (feed.connected ? 1 : 0)],
    ['tidemark_producer_in_doubt_symbols', 'Symbols that may miss their newest trades', () => feed.counters.in_doubt],
    ['tidemark_producer_went_back_symbols', 'Symbols with ids below those they had', () => feed.counters.went_back],
    [
      'tidemark_producer_unknown_symbols',
      'Symbols that the exchange does not have, found out after the start',
      () => checker.problem?.symbols.length ?? 0,
    ],
    ['tidemark_producer_open_holes', 'Symbols with ids that are missing', () => feed.counters.open_holes],
    ['tidemark_producer_held_trades', 'Trades that wait behind missing ones', () => feed.counters.held],
    ['tidemark_producer_buffered_items', 'Items that wait for Kafka', () => feed.counters.buffered],
  ]
  for (const [name, help, value] of gauges) {
    metrics.gauge({
      name,
      help,
      collect() {
        this.set(value())
      },
    })
  }
  exposeByLabel(metrics, writer)
}

function exposeByLabel(metrics: Metrics, writer: ProducerState['writer']): void {
  metrics.counter({
    name: 'tidemark_producer_dead_letters_total',
    help: 'Frames that could not be understood, committed to Kafka as dead letters, by reason',
    labelNames: ['code'],
    collect() {
      this.reset()
      for (const [code, count] of writer.figures.dlqByCode) this.inc({ code }, count)
    },
  })
  metrics.counter({
    name: 'tidemark_producer_gaps_total',
    help: 'Gap records committed to Kafka, by status',
    labelNames: ['status'],
    collect() {
      this.reset()
      for (const [status, count] of writer.figures.gapsByStatus) this.inc({ status }, count)
    },
  })
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
