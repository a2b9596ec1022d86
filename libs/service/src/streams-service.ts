import type { HealthReport, HealthStatus } from './health-server.ts'
import type { Metrics } from './metrics.ts'
import type { RunningService } from './run-service.ts'
import { streamsMetrics } from './streams-metrics.ts'

/** The part of a running stream application that health and shutdown need; `run` of @tidemark/streams returns one. */
export interface StreamsLike {
  readonly done: Promise<void>
  health(): StreamsLikeHealth
  stop(): Promise<void>
}

export interface StreamsLikeHealth {
  readonly status: 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'
  readonly live: boolean
  readonly ready: boolean
  readonly processed: number
  readonly late: number
  readonly deadLetters: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly position: number
    readonly committed: number
    readonly endOffset: number | undefined
    readonly restoring: readonly { readonly state: string; readonly restored: number; readonly total: number }[]
  }[]
  readonly stateEntries: ReadonlyMap<string, number>
  readonly bufferedBytes: number
}

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
 * `partition`, `position`, `committed`, `end_offset`, `lag` (end less committed; both null until the broker has told the end), and
 * `restoring`: the states that are being read back, each with the records of its changelog `restored` so far and in `total`.
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
      partitions: streams.partitions.map(({ topic, partition, position, committed, endOffset, restoring }) => ({
        topic,
        partition,
        position,
        committed,
        end_offset: endOffset ?? null,
        lag: endOffset === undefined ? null : Math.max(0, endOffset - committed),
        restoring,
      })),
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

function statusOf({ status, ready }: StreamsLikeHealth, degradedBy: string | undefined): HealthStatus {
  if (status === 'failed' || status === 'stopping') return status
  if (status === 'stopped') return 'stopping'
  if (degradedBy !== undefined) return 'degraded'
  return ready ? 'ok' : 'starting'
}
