import { build, type Histogram } from 'hdr-histogram-js'

/** Milliseconds, and how many were measured. */
export interface Percentiles {
  readonly p50_ms: number
  readonly p99_ms: number
  readonly p999_ms: number
  readonly max_ms: number
  readonly results: number
}

/** Latencies to a thousandth of their size. */
export class Latencies {
  readonly #microseconds: Histogram = build({ numberOfSignificantValueDigits: 3 })

  /** One below zero, which clocks of whole milliseconds can make, counts as zero. */
  add(ms: number): void {
    this.#microseconds.recordValue(Math.max(0, Math.round(ms * 1_000)))
  }

  reset(): void {
    this.#microseconds.reset()
  }

  get percentiles(): Percentiles {
    const at = (percentile: number) => this.#microseconds.getValueAtPercentile(percentile) / 1_000
    const { maxValue, totalCount: results } = this.#microseconds
    return { p50_ms: at(50), p99_ms: at(99), p999_ms: at(99.9), max_ms: maxValue / 1_000, results }
  }
}
