import type { ClockOffset } from '@tidemark/binance'
import type { Metrics } from '@tidemark/service'

/** How long each part of a trade's way takes. */
export interface HopMetrics {
  /** A trade arrived, so long after it was sent by this machine's clock. */
  received(latencyMs: number): void
  /** Kafka has acknowledged trades; `receivedMs` are the times at which they arrived. */
  acknowledged(receivedMs: readonly number[], nowMs: number): void
  /** A commit took so long; `receivedMs` are the times at which its trades arrived. */
  committed(tookMs: number, receivedMs: readonly number[], nowMs: number): void
}

/** Seconds; close together where a trade's way usually ends. */
const buckets = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 5, 30,
]

/** `offset` is of the exchange's clock to ours: before it is known, nothing is said of the first hop. */
export function exposeHops(metrics: Metrics, offset: () => ClockOffset | undefined): HopMetrics {
  const arrival = metrics.histogram({
    name: 'tidemark_producer_exchange_to_receive_seconds',
    help: 'From the sending by the exchange to the arrival here, by the exchange’s clock',
    buckets,
  })
  const acknowledgement = metrics.histogram({
    name: 'tidemark_producer_receive_to_acknowledged_seconds',
    help: 'From the arrival of a trade until Kafka has acknowledged it, in a transaction that is still open',
    buckets,
  })
  const visibility = metrics.histogram({
    name: 'tidemark_producer_receive_to_commit_seconds',
    help: 'From the arrival of a trade to the commit of its transaction',
    buckets,
  })
  const commits = metrics.histogram({
    name: 'tidemark_producer_commit_seconds',
    help: 'How long a commit took, with what was left to be sent',
    buckets,
  })
  metrics.gauge({
    name: 'tidemark_producer_exchange_clock_offset_seconds',
    help: 'The exchange’s clock minus ours; 0 while it is not known',
    collect() {
      this.set((offset()?.offsetMs ?? 0) / 1000)
    },
  })
  metrics.gauge({
    name: 'tidemark_producer_exchange_clock_error_seconds',
    help: 'How wrong that can be, and so can latencies from the exchange; NaN while it is not known',
    collect() {
      this.set((offset()?.errorMs ?? NaN) / 1000)
    },
  })
  return {
    received: (latencyMs) => {
      const known = offset()
      if (known !== undefined) arrival.observe((latencyMs + known.offsetMs) / 1000)
    },
    acknowledged: (receivedMs, nowMs) => {
      for (const timeMs of receivedMs) acknowledgement.observe((nowMs - timeMs) / 1000)
    },
    committed: (tookMs, receivedMs, nowMs) => {
      commits.observe(tookMs / 1000)
      for (const timeMs of receivedMs) visibility.observe((nowMs - timeMs) / 1000)
    },
  }
}
