import { builtInRules, Cooldowns, evaluate, isMet, type Rule } from '@tidemark/market'
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
  /** Told of each alert, for the figures; once more where its commit has failed. */
  readonly fired: (alert: Alert) => void
}

/**
 * Every final window is judged by every rule. Alerts go to their topic, once for a window and rule, keyed by alert id so that compaction keeps each
 * one's last state; and, before that, to people, who may be shown one again whose commit has failed. Cooldowns are state of a symbol, committed
 * with its alerts.
 */
export function alertTopology({ codecs, rules, delivery, fired }: AlertTopologyOptions): Topology {
  const metrics = stream(topicNames.marketMetrics, codecs.metrics, { timestampMs: (window) => window.window_start_ms })
  const alerts = metrics.groupByKey().process<Cooldowns, Alert>({
    name: 'cooldowns',
    init: () => new Cooldowns(),
    snapshot: (cooldowns) => cooldowns.snapshot(),
    restore: (data) => Cooldowns.restore(data, rules),
    onRecord(window, context) {
      for (const rule of rules) {
        // State that is looked at is written with the next commit: for most windows there is no need.
        const alert = isMet(rule, window) ? evaluate(rule, window, context.state) : undefined
        if (alert === undefined) continue
        fired(alert)
        context.forward(alert)
      }
    },
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
