import { Cooldowns, evaluate, type Rule } from '@tidemark/market'
import { topicNames, type Alert, type MarketMetrics } from '@tidemark/schemas'
import { stream, topology, type Codec, type ExternalSink, type Topology } from '@tidemark/streams'

export interface AlertTopologyOptions {
  readonly codec: Codec<MarketMetrics>
  readonly rules: readonly Rule[]
  /** The ends of every alert: the topic, and whoever shows it to people. */
  readonly ends: readonly ExternalSink<Alert>[]
}

/**
 * Every final window is judged by every rule. Cooldowns live in memory, in event time: after a restart a rule may alert once more
 * about a symbol while its cooldown would still run.
 */
export function alertTopology({ codec, rules, ends }: AlertTopologyOptions): Topology {
  const cooldowns = new Cooldowns()
  const alerts = stream(topicNames.marketMetrics, codec, { timestampMs: (metrics) => metrics.window_start_ms }).flatMap(
    (metrics) => rules.flatMap((rule) => evaluate(rule, metrics, cooldowns) ?? []),
  )
  return topology(...ends.map((end) => alerts.sink(end)))
}
