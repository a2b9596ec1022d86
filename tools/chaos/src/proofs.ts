import type { BacklogOptions } from './backlog.ts'
import type { RoundOptions } from './round.ts'

export const roundProofNames = ['transactions', 'windows', 'steps', 'smoke', 'proxy'] as const
export type RoundProofName = (typeof roundProofNames)[number]

/** What a proof leaves open for the round: where, under which name and seed. */
export type ProofSettings = Pick<
  RoundOptions,
  'job' | 'guarantee' | 'target' | 'how' | 'records' | 'partitions' | 'instances' | 'restarts'
>

const copies: ProofSettings = {
  job: 'copy',
  guarantee: 'exactly-once',
  target: 'instances',
  how: 'crash',
  records: 100_000,
  partitions: 9,
  instances: 3,
  restarts: 3,
}
const windows: ProofSettings = { ...copies, job: 'windows', records: 50_000, partitions: 6 }
const steps: ProofSettings = { ...windows, job: 'steps' }
const smoke: ProofSettings = { ...windows, records: 20_000, restarts: 1 }
const sweep: ProofSettings = { ...windows, target: 'connections', records: 30_000 }

/** The proofs in which something is ended or cut off under load, each as the variants that one round of it runs. */
export const proofs: Readonly<Record<RoundProofName, readonly ProofSettings[]>> = {
  // As Kafka's own group-mode transactions test: every record copied once and in order; instances and brokers, killed and stopped.
  transactions: [
    copies,
    { ...copies, how: 'clean' },
    { ...copies, target: 'brokers', restarts: 1 },
    { ...copies, target: 'brokers', restarts: 1, how: 'clean' },
  ],
  // As Kafka Streams' exactly-once test: every window once, equal to a recomputation.
  windows: [windows],
  // Every other step that keeps state, on keys that are not text: in sequence, joined with a table, summed with timers, counted.
  steps: [steps, { ...steps, how: 'clean' }],
  // As Kafka Streams' smoke test: both guarantees, both ways to end.
  smoke: [
    { ...smoke, guarantee: 'at-least-once' },
    { ...smoke, guarantee: 'at-least-once', how: 'clean' },
    smoke,
    { ...smoke, how: 'clean' },
  ],
  // Requests and answers delayed, dropped and cut off between the instances and the brokers.
  proxy: [sweep, { ...sweep, guarantee: 'at-least-once' }],
}

export type BacklogSettings = Pick<BacklogOptions, 'records' | 'partitions' | 'maxBufferedBytes' | 'writeMs'>

/** A slow sink and a long backlog: what is in memory stays below its bound. */
export const backlog: BacklogSettings = {
  records: 1_000_000,
  partitions: 6,
  maxBufferedBytes: 32 * 1024 * 1024,
  writeMs: 200,
}
