import type { StreamRecord } from './stream-record.ts'

/** Somewhere outside Kafka that results go to. Writes may repeat after a crash, so they must be idempotent. */
export interface ExternalSink<V> {
  /** Named in logs, errors and health. */
  readonly name: string
  /**
   * Writes a batch; resolves once it is durable, since offsets are committed after that. Retries what is transient itself, for as
   * long as it takes; a rejection stops the application.
   */
  write(records: readonly StreamRecord<V>[]): Promise<void>
  close?(): Promise<void>
}
