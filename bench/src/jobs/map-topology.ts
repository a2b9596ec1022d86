import type { Trade } from '@tidemark/schemas'
import { stream, type Codec, type Topology } from '@tidemark/streams'

export interface MapOptions {
  readonly input: string
  readonly output: string
  /** Sees each trade before it is processed. */
  readonly onTrade: () => void
}

/** Every trade decoded, one field changed, and encoded again. */
export function mapTopology(trades: Codec<Trade>, { input, output, onTrade }: MapOptions): Topology {
  const timestampMs = (trade: Trade) => {
    onTrade()
    return trade.trade_time_ms
  }
  return stream(input, trades, { timestampMs })
    .map((trade) => ({ ...trade, latency_ms: trade.latency_ms + 1 }))
    .to(output, trades)
}
