import { builtInRules, Cooldowns, evaluate, type Rule } from '@tidemark/market'
import {
  avroCodec,
  inMemoryRegistry,
  topicNames,
  valueSubject,
  type Alert,
  type MarketMetrics,
  type SchemaRegistry,
} from '@tidemark/schemas'
import { stream, topology, type Codec, type ExternalSink, type Topology } from '@tidemark/streams'

export interface AlertCodecs {
  readonly metrics: Codec<MarketMetrics>
  readonly alert: Codec<Alert>
}

export function alertCodecs(registry: SchemaRegistry): AlertCodecs {
  return {
    metrics: avroCodec('MarketMetrics', { registry, subject: valueSubject(topicNames.marketMetrics) }),
    alert: avroCodec('Alert', { registry, subject: valueSubject(topicNames.alerts) }),
  }
}

export interface AlertTopologyOptions {
  readonly codecs: AlertCodecs
  readonly rules: readonly Rule[]
  /** Shows alerts to people. */
  readonly delivery: ExternalSink<Alert>
  /** Told of each alert, for the figures. */
  readonly fired: (alert: Alert) => void
}

/**
 * Every final window is judged by every rule. Alerts go to their topic, keyed by alert id so that compaction keeps each one's last state, and to
 * people. Cooldowns live in memory, in event time: after a restart a rule may alert once more about a symbol while its cooldown would still run.
 */
export function alertTopology({ codecs, rules, delivery, fired }: AlertTopologyOptions): Topology {
  const cooldowns = new Cooldowns()
  const judge = (metrics: MarketMetrics) => rules.flatMap((rule) => evaluate(rule, metrics, cooldowns) ?? [])
  const metrics = stream(topicNames.marketMetrics, codecs.metrics, { timestampMs: (window) => window.window_start_ms })
  const alerts = metrics.flatMap((window) => {
    const judged = judge(window)
    for (const alert of judged) fired(alert)
    return judged
  })
  return topology(alerts.selectKey((alert) => alert.id).to(topicNames.alerts, codecs.alert), alerts.sink(delivery))
}

/** The topology of the built-in rules, with nobody behind it, to be looked at. */
export function describedTopology(): Topology {
  return alertTopology({
    codecs: alertCodecs(inMemoryRegistry()),
    rules: builtInRules,
    delivery: { name: 'people', write: () => Promise.resolve() },
    fired: () => undefined,
  })
}
