import type { RunOptions } from './run-options.ts'
import { StreamsRuntime, type PartitionHealth } from './runtime.ts'
import type { Topology } from './topology.ts'

/** Nothing has moved for this long, or no heartbeat was answered: something hangs. More than a rebalance takes, which waits for slow members. */
const MAX_SILENCE_MS = 150_000

/** How an application is, for probes and metrics, at the moment it is asked. */
export interface StreamsHealth {
  readonly status: 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'
  /** The loop turns, or what it is at gets on, and the group answers heartbeats. An orchestrator restarts what is not live. */
  readonly live: boolean
  /** The partitions are assigned (none is fine too) and their state is rebuilt. */
  readonly ready: boolean
  readonly processed: number
  readonly late: number
  readonly deadLetters: number
  readonly partitions: readonly PartitionHealth[]
  /** How many entries each state has, over all partitions. */
  readonly stateEntries: ReadonlyMap<string, number>
  /** What is in memory between the broker and the outputs (`maxBufferedBytes`). */
  readonly bufferedBytes: number
}

/** A topology that runs. */
export interface StreamsApp {
  /** Settles when it has stopped: rejects with the error that ended it. */
  readonly done: Promise<void>
  health(): StreamsHealth
  /**
   * Stops reading, commits what was processed, leaves the group. A start, such as one that waits for brokers, and a restore of state are left
   * half-way: the next start begins them anew (what brokers were asked for by then, such as topics, they may still do). Resolves when that is done; never rejects.
   */
  stop(): Promise<void>
}

/** Runs a topology until it is stopped or fails. Throws a `StreamsError` (`wrong-option`) for an option that can't be, or a topology without a source. */
export function run(topology: Topology, options: RunOptions): StreamsApp {
  const nowMs = options.nowMs ?? Date.now
  const runtime = new StreamsRuntime(topology, { ...options, nowMs })
  let status: StreamsHealth['status'] = 'starting'
  let stopping = false

  const loop = async () => {
    await runtime.start()
    status = stopping ? 'stopping' : 'running'
    while (!stopping) await runtime.turn()
    await runtime.close({ commit: true })
    status = 'stopped'
  }
  const done = loop().catch(async (error: unknown) => {
    status = 'failed'
    // The first error is the one to report; a close that fails as well is a consequence.
    await runtime.close({ commit: false }).catch(() => undefined)
    throw error
  })

  return {
    done,
    health: () => ({
      status,
      live: status === 'stopping' || (status !== 'failed' && runtime.isLive(MAX_SILENCE_MS)),
      ready: status === 'running' && runtime.ready,
      processed: runtime.counters.processed,
      late: runtime.counters.late,
      deadLetters: runtime.counters.deadLetters,
      partitions: runtime.partitions(),
      stateEntries: runtime.stateEntries(),
      bufferedBytes: runtime.bufferedBytes,
    }),
    stop: async () => {
      stopping = true
      if (status === 'starting' || status === 'running') status = 'stopping'
      runtime.stop()
      await done.catch(() => undefined)
    },
  }
}
