import type { HealthReport, HealthStatus } from './health-server.ts'
import type { Metrics } from './metrics.ts'
import type { RunningService } from './run-service.ts'
import type { StreamsLike, StreamsLikeFailures, StreamsLikeHealth } from './streams-like.ts'
import { streamsMetrics } from './streams-metrics.ts'

export interface StreamsServiceOptions {
  /** Where the figures of the streams go; names begin with `tidemark_streams_`. */
  readonly metrics?: Metrics
  /** Figures of the app for `/health`. With a `degradedBy` it is not ready: it waits for something outside. */
  readonly figures?: () => { readonly degradedBy?: string; readonly [figure: string]: unknown }
  /** Closes what the app opened beside the streams, once these have ended, however they ended. */
  readonly close?: () => Promise<void>
}

/**
 * A stream application as a service. Its `/health` has `processed`, `late`, `dead_letters`, the app's figures, and per partition `topic`,
 * `partition`, `status` (`running`, `restoring`, `suspended` after a commit that has failed, `waiting` while the group divides its partitions anew), `position`,
 * `committed`, `end_offset`, `lag` (end less committed; both null until the broker has told the end), `restoring`: the states that are being
 * read back, each with the records of its changelog `restored` so far and in `total`, and `failing`: null, or `commits` that have failed in a row with
 * `code` and `message` of the last one, and `retry_at_ms`, when the partition is begun anew.
 */
export function streamsService(
  app: StreamsLike,
  { figures = () => ({}), close, metrics }: StreamsServiceOptions = {},
): RunningService {
  if (metrics !== undefined) streamsMetrics(app, metrics)
  const health = (): HealthReport => {
    const streams = app.health()
    const own = figures()
    return {
      processed: streams.processed,
      late: streams.late,
      dead_letters: streams.deadLetters,
      ...own,
      status: statusOf(streams, own.degradedBy),
      partitions: streams.partitions.map(partitionReport),
    }
  }
  return {
    done: close === undefined ? app.done : app.done.finally(close),
    stop: () => app.stop(),
    health,
    live: () => app.health().live,
    ready: () => app.health().ready && figures().degradedBy === undefined,
  }
}

function partitionReport({ endOffset, failing, restoring, ...part }: StreamsLikeHealth['partitions'][number]) {
  const { topic, partition, status, position, committed } = part
  return {
    topic,
    partition,
    status,
    position,
    committed,
    end_offset: endOffset ?? null,
    lag: endOffset === undefined ? null : Math.max(0, endOffset - committed),
    restoring,
    failing: failing === undefined ? null : failureReport(failing),
  }
}

function failureReport({ commits, code, message, retryAtMs }: StreamsLikeFailures) {
  return { commits, code, message, retry_at_ms: retryAtMs }
}

function statusOf({ status, ready }: StreamsLikeHealth, degradedBy: string | undefined): HealthStatus {
  if (status === 'failed' || status === 'stopping') return status
  if (status === 'stopped') return 'stopping'
  if (degradedBy !== undefined) return 'degraded'
  return ready ? 'ok' : 'starting'
}
