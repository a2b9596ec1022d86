import type { Header, RecordBatch } from './record-batch.ts'

/** One partition of a topic; partitions are counted from 0. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A group's position in a partition. */
export interface CommittedOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number
  /** Text kept with the offset; at most 4,096 bytes on a broker with default settings. */
  readonly metadata: string
}

/** What happens to a member's partitions. Called from within `poll`, never beside it, and awaited. */
export interface RebalanceListener {
  /**
   * These are now ours, some perhaps again. They are read from where `seek` puts them, else from the committed offset, else the
   * start; none of them is paused.
   */
  assigned(partitions: readonly TopicPartition[]): Promise<void>
  /** The group divides its partitions anew when this returns: the last moment at which a commit for these is valid. */
  revoked(partitions: readonly TopicPartition[]): Promise<void>
  /** These are no longer ours and another member may have them already: commit nothing. */
  lost(partitions: readonly TopicPartition[]): Promise<void>
}

/** Reads topics as a member of a consumer group. Heartbeats go on by themselves between and during polls. */
export interface ConsumerPort {
  /** Joins the group at the next `poll`. */
  subscribe(topics: readonly string[], listener: RebalanceListener): void
  /**
   * What has arrived since the last poll, in offset order within a partition; waits up to `maxWaitMs` for the first batch, or until it turns out that a
   * partition has no more.
   * Rebalances happen in here. Rejects with a `StreamsError`.
   */
  poll(maxWaitMs: number): Promise<RecordBatch[]>
  /** Reads this assigned partition from `offset` on; what was fetched before is dropped. */
  seek(partition: TopicPartition, offset: number): void
  /** Ends a poll that waits, for records or for the group to give it partitions, or else the wait of the next one. */
  wakeup(): void
  /** Resolves when heartbeats and fetches had their turn: for work between two polls that takes long. */
  nextTurn(): Promise<void>
  /** Bytes that are fetched and wait for `poll`, over all partitions. */
  bufferedBytes(): number
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** The group's offsets of these partitions; those without one are left out. */
  committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]>
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  /** The offset after the last record known to the broker at the last fetch, for lag; undefined before the first one. */
  endOffset(partition: TopicPartition): number | undefined
  /** False where all records of an assigned partition have come out of `poll`, up to what was its end at the last fetch. */
  hasMore(partition: TopicPartition): boolean
  /** Milliseconds since the group last answered a heartbeat, or the join; undefined while the member is in no group, such as while it joins. */
  heartbeatAgeMs(): number | undefined
  /** Leaves the group. */
  close(): Promise<void>
}

/** Records of one partition on their way out, already in Kafka's record format (v2, uncompressed, without the batch header). */
export interface OutputBatch extends TopicPartition {
  readonly count: number
  /** Timestamp that the records' deltas count from. */
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly records: Buffer
}

/** Writes idempotently and in order: one producer id, a sequence per partition, acknowledged by all in-sync replicas. */
export interface ProducerPort {
  /** How many partitions a topic has. Rejects with a `StreamsError` naming the topic where it does not exist. */
  partitionCount(topic: string): Promise<number>
  /**
   * Resolves when every batch is acknowledged, after bounded retries of transient errors. One call at a time. The batches'
   * buffers may be reused once it has settled. After a rejection the producer is unusable: close it.
   */
  send(batches: readonly OutputBatch[]): Promise<void>
  close(): Promise<void>
}

/** One transaction, or what is left of it to write: records and offsets become visible together, or not at all. */
export interface Transaction {
  /** Besides those that were sent before. */
  readonly batches: readonly OutputBatch[]
  /** Offsets of the group to commit with the records. */
  readonly groupId: string
  readonly offsets: readonly CommittedOffset[]
}

/** Who writes under a transactional id: a new owner gets a higher epoch, which fences all earlier ones. */
export interface ProducerOwnership {
  readonly producerId: bigint
  readonly epoch: number
}

/**
 * Writes under one transactional id, which belongs to one task: whoever initialises it last is its only writer. A transaction begins
 * with the first records or offsets after `init` or a commit. One that is not committed is never seen: it is ended by the next `init`
 * of the id, by `close` where the broker can be reached, else by the broker after its timeout. Until then it holds up whoever reads
 * committed records of the partitions that it has records in.
 */
export interface TransactionalProducerPort {
  /**
   * Fences every earlier producer with this id and ends the transaction that one may have left open. Must be called before the
   * first `send` or `commit`, and again after one has failed with a retriable error; sends that wait are rejected. When it resolves,
   * what earlier owners committed is readable, and nothing of theirs can be added to it.
   */
  init(): Promise<ProducerOwnership>
  /**
   * Says that a transaction is to be committed soon, with offsets of this group and probably with records in the partitions that the one
   * before had. The broker hears it now, beside other work, instead of at the commit; the transaction is open from here on. Where it
   * can't be told, `commit` fails of it. Does nothing where it is not the time for it.
   */
  begin(groupId: string): void
  /**
   * Sends records ahead of the commit that they become visible with; resolves when they are acknowledged. Any number of calls may be under way:
   * records of a partition are written in the order of the calls, those of the commit after them. The batches' buffers may be reused
   * once it has settled. Not beside `init` or `commit`. Rejects as `commit` does, and nothing of the transaction will be visible then:
   * `commit` rejects with the same error, until `init`.
   */
  send(batches: readonly OutputBatch[]): Promise<void>
  /**
   * Ends the transaction, with the records that were sent, and these and the offsets; resolves when it is committed. Waits for sends that are under way. Rejects with
   * code `fenced` when another producer has taken over: nothing of it will ever be visible, and this producer is finished. With a
   * retriable error it is not known whether it was committed: call `init`, and look at the committed offsets.
   */
  commit(transaction: Transaction): Promise<void>
  /** Aborts what is not committed. */
  close(): Promise<void>
}

/** How a producer of transactions is made: one owner for each `transactionalId`, the last to call `init`. */
export interface TransactionalProducerOptions {
  readonly transactionalId: string
  /** An open transaction is aborted by the broker after this; until then it holds up every read_committed reader. */
  readonly transactionTimeoutMs?: number
  /** `none` if left out. */
  readonly compression?: Compression
}

/** A topic of the engine's own, such as a changelog. */
export interface InternalTopic {
  readonly name: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

/** Where a partition is said to end. */
export interface LogOffsetsOptions {
  /**
   * `read_committed`, the default: a partition ends at the first record of a transaction that is open, also where others have committed
   * behind it. `read_uncommitted`: it ends behind all that is written. Who must miss nothing of a partition that others write to as well
   * reads up to that end.
   */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
}

/** Reads a topic without a group, such as for a restore, a view or a check. */
export interface LogReaderPort {
  partitionCount(topic: string): Promise<number>
  /** First offset still kept and the offset after the last record, per partition, in partition order. */
  offsets(
    topic: string,
    options?: LogOffsetsOptions,
  ): Promise<{ readonly startOffset: number; readonly endOffset: number }[]>
  /**
   * The committed batches of `[fromOffset, toOffset)`, in order; a first batch may begin earlier (its cursor starts at `fromOffset`).
   * Waits at a transaction that is open until it is ended, by its writer or by the broker after its timeout.
   */
  read(partition: TopicPartition, fromOffset: number, toOffset: number): AsyncIterable<RecordBatch>
  /** Resolves when sockets and timers had their turn: for long work on what was read, beside which heartbeats must go on. */
  nextTurn(): Promise<void>
  close(): Promise<void>
}

/** Everything the runtime needs of a Kafka client. */
export interface KafkaPorts {
  consumer(options: ConsumerOptions): ConsumerPort
  producer(options: ProducerOptions): ProducerPort
  transactionalProducer(options: TransactionalProducerOptions): TransactionalProducerPort
  logReader(): LogReaderPort
  /** Makes topics that do not exist yet. Rejects, naming the topic, where one exists with another partition count. */
  ensureTopics(topics: readonly InternalTopic[]): Promise<void>
}

/** How a member of a consumer group is made. What is left out is the client's to choose. */
export interface ConsumerOptions {
  readonly groupId: string
  /** A member that is silent for this long is taken for dead. */
  readonly sessionTimeoutMs?: number
  /** A member that does not poll for this long during a rebalance is left out. */
  readonly rebalanceTimeoutMs?: number
  /** Fetched bytes waiting for `poll`, over all partitions; fetching stops above it. */
  readonly maxBufferedBytes?: number
  /** A first read of a partition, without a committed offset, starts here. */
  readonly startAt?: 'earliest' | 'latest'
}

/** How batches go over the wire and into the log; readers take all of them. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** How a producer without transactions is made. */
export interface ProducerOptions {
  /** `none` if left out. */
  readonly compression?: Compression
}

export type { Header, RecordBatch }
