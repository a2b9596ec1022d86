import { stream, type Codec, type Topology } from '@tidemark/streams'
import { tumbling } from '@tidemark/windowing'
import { candleCodec, candles, type CandleTrade } from './candle.ts'

export interface EngineOptions {
  readonly input: string
  readonly output: string
  readonly windowMs: number
  readonly graceMs: number
  /** Sees each trade before it is processed. */
  readonly onTrade: () => void
}

/** The reference job: trades folded into the candles of their symbol's windows; a candle leaves when its window closes. */
export function engineTopology(trades: Codec<CandleTrade>, options: EngineOptions): Topology {
  const { input, output, windowMs, graceMs, onTrade } = options
  const timestampMs = (trade: CandleTrade) => {
    onTrade()
    return trade.trade_time_ms
  }
  return stream(input, trades, { timestampMs })
    .groupByKey()
    .window(tumbling({ sizeMs: windowMs, graceMs }))
    .aggregate(candles, { emit: 'on-close' })
    .to(output, candleCodec)
}
