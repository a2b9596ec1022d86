import type { TopicPartition } from './ports.ts'
import type { StreamRecord } from './stream-record.ts'

/** How far a sink has a partition: it has what came of the records below `offset`. */
export interface SinkOffset extends TopicPartition {
  readonly offset: number
}

/** What a write takes a sink forward by, in one partition: it holds all that came of the records of `[fromOffset, toOffset)`. */
export interface SinkProgress extends TopicPartition {
  /** Undefined for the first write of a partition. */
  readonly fromOffset: number | undefined
  readonly toOffset: number
}

/**
 * Somewhere outside Kafka that results go to. Writes may repeat after a crash, so they must be idempotent, unless the sink holds its
 * offsets: then it sees what came of each record once.
 */
export interface ExternalSink<V, K = string> {
  /** Named in logs, errors and health. */
  readonly name: string
  /**
   * Writes a batch; resolves once it is durable, since offsets are committed after that. Retries what is transient itself, for as
   * long as it takes; a rejection stops the application. One write at a time; meanwhile the partitions that it is of are not
   * processed further, and paused when more comes of them.
   *
   * A sink that holds its offsets keeps the records and each `toOffset` in one transaction, and that only if what it has is each
   * `fromOffset`: else it rejects with a `StreamsError` of code `fenced`, since another instance has written. Its batch may have no records.
   */
  write(records: readonly StreamRecord<V, K>[], progress: readonly SinkProgress[]): Promise<void>
  /**
   * What the sink has of these partitions, those that it knows. Asked on assignment, when no one else reads them any more. A sink that holds its
   * offsets can't be behind state of several sources together: which of their records a result comes of is not certain.
   */
  loadOffsets?(partitions: readonly TopicPartition[]): Promise<readonly SinkOffset[]>
  close?(): Promise<void>
}
