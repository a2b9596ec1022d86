import type { Metrics } from './metrics.ts'
import type { StreamsLike } from './streams-like.ts'

/** Figures of a running stream application, read when they are asked for. */
export function streamsMetrics(app: StreamsLike, metrics: Metrics): void {
  metrics.gauge({
    name: 'tidemark_streams_ready',
    help: '1 once the partitions are assigned and their state is restored.',
    collect() {
      this.set(app.health().ready ? 1 : 0)
    },
  })
  metrics.counter({
    name: 'tidemark_streams_records_total',
    help: 'Records by what became of them: processed (all that were read), of those late and dead_letter.',
    labelNames: ['outcome'],
    collect() {
      const { processed, late, deadLetters } = app.health()
      this.reset()
      this.inc({ outcome: 'processed' }, processed)
      this.inc({ outcome: 'late' }, late)
      this.inc({ outcome: 'dead_letter' }, deadLetters)
    },
  })
  partitionMetrics(app, metrics)
  metrics.gauge({
    name: 'tidemark_streams_buffered_bytes',
    help: 'What is in memory between the broker and the outputs.',
    collect() {
      this.set(app.health().bufferedBytes)
    },
  })
  metrics.gauge({
    name: 'tidemark_streams_state_entries',
    help: 'Entries of state in memory.',
    labelNames: ['state'],
    collect() {
      this.reset()
      for (const [state, entries] of app.health().stateEntries) this.set({ state }, entries)
    },
  })
  metrics.gauge({
    name: 'tidemark_streams_restore_records',
    help: 'Records of the changelogs of states that are being restored: read so far, and in total.',
    labelNames: ['state', 'partition', 'of'],
    collect() {
      this.reset()
      for (const { partition, restoring } of app.health().partitions) {
        for (const { state, restored, total } of restoring) {
          this.set({ state, partition, of: 'restored' }, restored)
          this.set({ state, partition, of: 'total' }, total)
        }
      }
    },
  })
}

function partitionMetrics(app: StreamsLike, metrics: Metrics): void {
  metrics.gauge({
    name: 'tidemark_streams_lag_records',
    help: 'Records of a partition that are not processed and committed yet.',
    labelNames: ['topic', 'partition'],
    collect() {
      this.reset()
      for (const { topic, partition, committed, endOffset } of app.health().partitions) {
        if (endOffset !== undefined) this.set({ topic, partition }, Math.max(0, endOffset - committed))
      }
    },
  })
  metrics.gauge({
    name: 'tidemark_streams_failed_commits',
    help: 'Commits of a partition that have failed since its last one that did not: above 0 for long, it is stuck.',
    labelNames: ['partition'],
    collect() {
      this.reset()
      for (const { partition, failing } of app.health().partitions) this.set({ partition }, failing?.commits ?? 0)
    },
  })
}
