import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type CounterConfiguration,
  type GaugeConfiguration,
  type HistogramConfiguration,
} from 'prom-client'

/** The metrics of one process. Names follow Prometheus: base units (`_seconds`, `_bytes`), `_total` on counters. */
export interface Metrics {
  readonly registry: Registry
  counter<L extends string>(options: MetricOptions<CounterConfiguration<L>>): Counter<L>
  gauge<L extends string>(options: MetricOptions<GaugeConfiguration<L>>): Gauge<L>
  histogram<L extends string>(options: MetricOptions<HistogramConfiguration<L>>): Histogram<L>
}

type MetricOptions<C> = Omit<C, 'registers'>

/** A registry of its own, never the global one, with the process metrics of prom-client: CPU, memory, event loop, collector. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    counter: (options) => new Counter({ ...options, registers: [registry] }),
    gauge: (options) => new Gauge({ ...options, registers: [registry] }),
    histogram: (options) => new Histogram({ ...options, registers: [registry] }),
  }
}

export type { Counter, Gauge, Histogram }
