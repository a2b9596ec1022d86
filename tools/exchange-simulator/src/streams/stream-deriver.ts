import { aggregatesIn } from '../history/aggregates.ts'
import { bestPrices } from '../history/best-prices.ts'
import { emptyCandle } from '../history/candle.ts'
import type { Candle } from '../history/candle.ts'
import { candleOf } from '../history/candles.ts'
import type { PublishedTrades } from '../history/published-trades.ts'
import type { SymbolHistory } from '../history/symbol-history.ts'
import { spanAt } from '../kline-interval.ts'
import type { Span } from '../kline-interval.ts'
import type { SourceFrame } from '../source-frame.ts'
import { parseDerivedStream } from './derived-stream.ts'
import type { DerivedStream } from './derived-stream.ts'
import { aggregateEvent, bookTickerEvent, derivedFrame, klineEvent } from './derived-events.ts'

/** An order's fills, and the trades of a candle, are all there when so much time has passed. */
export const SETTLE_MS = 100
/** Least time between two events of a candle. */
const SECOND_CADENCE_MS = 1000
const CADENCE_MS = 2000
/** Candles that are closed at once at most; a longer time without events leaves out the oldest. */
const MAX_CLOSED_AT_ONCE = 1000

/** Makes the events of one stream, of what was published since it was last asked. */
type Derive = (nowMs: number, settledMs: number) => Iterable<string>

/** Makes streams of aggregates, candles and best prices out of what has been published. */
export class StreamDeriver {
  readonly #published: PublishedTrades
  readonly #derives = new Map<string, Derive>()

  constructor(published: PublishedTrades) {
    this.#published = published
  }

  /** Begins with streams that were not asked for before: their events are of what is published from now on. */
  open(names: Iterable<string>, nowMs: number): void {
    for (const name of names) {
      const stream = this.#derives.has(name) ? undefined : parseDerivedStream(name)
      const history = stream && this.#published.of(stream.symbol)
      if (stream !== undefined && history !== undefined) this.#derives.set(name, derivation(stream, history, nowMs))
    }
  }

  /** The new events of streams that are open. */
  derive(names: Iterable<string>, nowMs: number): readonly SourceFrame[] {
    return this.#deriveAll(names, nowMs, nowMs - SETTLE_MS)
  }

  /** The last events, when nothing more will be published. */
  finish(names: Iterable<string>, nowMs: number): readonly SourceFrame[] {
    return this.#deriveAll(names, nowMs, Infinity)
  }

  #deriveAll(names: Iterable<string>, nowMs: number, settledMs: number): readonly SourceFrame[] {
    const frames: SourceFrame[] = []
    for (const name of names) {
      for (const data of this.#derives.get(name)?.(nowMs, settledMs) ?? []) frames.push(derivedFrame(name, data, nowMs))
    }
    return frames
  }
}

function derivation(stream: DerivedStream, history: SymbolHistory, startMs: number): Derive {
  if (stream.kind === 'kline') return candles({ stream, history, startMs })
  return stream.kind === 'aggTrade' ? aggregates(history) : bestPriceChanges(history)
}

function aggregates(history: SymbolHistory): Derive {
  let sentId = history.last?.aggregateId ?? -Infinity
  return function* (nowMs, settledMs) {
    const { last, trades } = history
    if (last === undefined) return
    const from = trades.placeOfAggregateId(sentId + 1)
    for (const aggregate of aggregatesIn(trades, { from, end: trades.length })) {
      const { aggregateId, timeMs } = aggregate.first
      if (aggregateId === last.aggregateId && timeMs >= settledMs) return
      sentId = aggregateId
      yield aggregateEvent(history.symbol, aggregate, nowMs)
    }
  }
}

function bestPriceChanges(history: SymbolHistory): Derive {
  let sentId = history.last?.id
  return function* () {
    const { last, symbol } = history
    if (last === undefined || last.id === sentId) return
    sentId = last.id
    yield bookTickerEvent(symbol, last.id, bestPrices(symbol, last))
  }
}

interface KlineStart {
  readonly stream: Extract<DerivedStream, { kind: 'kline' }>
  readonly history: SymbolHistory
  readonly startMs: number
}

function candles({ stream, history, startMs }: KlineStart): Derive {
  const { interval, offsetMs, symbol } = stream
  const cadenceMs = interval === '1s' ? SECOND_CADENCE_MS : CADENCE_MS
  const event = (candle: Candle, span: Span, at: { isClosed: boolean; nowMs: number }) =>
    klineEvent({ symbol, interval, candle, span, ...at })
  let span = spanAt(interval, startMs, offsetMs)
  let close: bigint | undefined
  let sentId: number | undefined
  let nextAtMs = -Infinity
  return function* (nowMs, settledMs) {
    const untilMs = Math.min(settledMs, nowMs)
    const longMs = (span.endMs - span.openMs) * MAX_CLOSED_AT_ONCE
    if (untilMs - span.endMs > longMs) span = spanAt(interval, untilMs - longMs, offsetMs)
    for (; span.endMs <= untilMs; span = spanAt(interval, span.endMs, offsetMs)) {
      const candle =
        candleOf(history, interval, span) ?? (close === undefined ? undefined : emptyCandle(span.openMs, close))
      close = candle?.close
      if (candle !== undefined) yield event(candle, span, { isClosed: true, nowMs })
      nextAtMs = -Infinity
    }
    const lastId = history.last?.id
    if (nowMs < nextAtMs || lastId === sentId || nowMs < span.openMs) return
    const candle = candleOf(history, interval, span)
    if (candle === undefined || candle.lastId === sentId) return
    sentId = candle.lastId
    nextAtMs = nowMs + cadenceMs
    yield event(candle, span, { isClosed: false, nowMs })
  }
}
