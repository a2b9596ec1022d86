import type { Compression, KafkaPorts } from './ports.ts'

/** Where the runtime's log lines go; pino's loggers fit. */
export interface StreamsLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Where a record stands. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * How a topology runs. The first three must be given; what the others are without being given, or where they are undefined, is in `RUN_DEFAULTS`, and
 * told with each. Numbers are whole ones, and one that can't be is an error at the start, as any other option.
 */
export interface RunOptions {
  /** Names the application: its consumer group, and its dead letter topic `<applicationId>-dlq`. At most 245 letters, digits, `.`, `_` and `-`. */
  readonly applicationId: string
  /** Of `@tidemark/kafka`, or in memory. It stays open when the application stops. */
  readonly kafka: KafkaPorts
  /**
   * `at-least-once`: after a crash, results since the last commit may be written again, equal to the first time; none is missed.
   * State is rebuilt by reading the input again from the oldest record of any open window.
   *
   * `exactly-once`: outputs, state and offsets are committed in one transaction per partition; a reader of committed records sees
   * every result once. State is restored from changelog topics. External sinks still see a batch again after a crash, unless they
   * hold their offsets (`loadOffsets`).
   */
  readonly guarantee: 'at-least-once' | 'exactly-once'
  /**
   * Processing time from the begin of a commit to that of the next one, default 100. 0: a commit behind each turn; Infinity: only where much is buffered.
   * Exactly-once, above 10,000 a transaction begins with the first full batch of outputs or with its commit, not with the first record.
   */
  readonly commitIntervalMs?: number
  /**
   * What may be in memory between the broker and the outputs: fetched, waiting for a commit, or on its way to an external sink (estimated
   * by the records that it came of). Where it is reached, partitions are paused and commits are made at once. It is looked at between batches: a single
   * batch, with all that comes of it, should take no more than a quarter of it; and what is asked for compressed arrives inflated. Default 64 MiB.
   */
  readonly maxBufferedBytes?: number
  /**
   * Outputs of a partition are written in batches of this many bytes, or one record more; their topics must take that (`max.message.bytes`). Exactly once, a
   * full batch leaves before its commit. Default 512 KiB.
   */
  readonly maxBatchBytes?: number
  /**
   * How outputs, changelogs and dead letters go over the wire and into the log, default `none`: it takes processor time of the application, and saves it network and disk.
   * A topic with a `compression.type` of its own is kept in that, whatever was sent.
   */
  readonly compression?: Compression
  /** Records waiting for external sinks; above it, they are written at once. Default 10,000. */
  readonly maxSinkRecords?: number
  /** Windows open in one aggregate of one partition (of sliding ones, records; of count and volume ones, keys), and, apart from them, keys with late records since their last result; one more stops the application. Default 100,000. */
  readonly maxOpenWindows?: number
  /**
   * Entries of state in memory, over all tasks of this instance: windows, late counts and clocks of keys, states of a process. Above it the application stops. They are counted, not
   * weighed: one takes 200 to 700 bytes and what a user keeps in it, so that the heap, less `maxBufferedBytes`, through twice that is a limit that holds. Default 1,000,000.
   */
  readonly maxStateEntries?: number
  /** Where a partition is read from that the group has no offset for. Default `earliest`. */
  readonly startAt?: 'earliest' | 'latest'
  /** A member that is silent for this long is taken for dead, and its partitions go to others. Default 10,000; a broker takes 6,000 to 1,800,000 if it is not told otherwise. */
  readonly sessionTimeoutMs?: number
  /**
   * How long a record may take. One that takes longer stops the application, named. What runs can't be interrupted, so it is judged when it
   * is done; meanwhile the process answers nobody: not its health, and not the group, which goes on without it after the session time-out.
   * Between records everything else gets its turn, however long a batch takes. The wait for a schema does not count. Default 30,000; Infinity: as long as it likes.
   * Exactly once, a transaction that nobody takes over is given up by the broker after 30 s more than this; until then readers wait.
   */
  readonly recordDeadlineMs?: number
  /** Records that are set aside unread, as dead letters: such as one that has stopped the application each time. Default none. */
  readonly skip?: readonly RecordPlace[]
  /** Default: nothing is logged. */
  readonly logger?: StreamsLogger
  /** Processing time, in ms since 1970. Default `Date.now`. */
  readonly nowMs?: () => number
}

/** What `RunOptions` are that are not given. */
export const RUN_DEFAULTS = {
  commitIntervalMs: 100,
  maxBufferedBytes: 64 * 1024 * 1024,
  maxBatchBytes: 512 * 1024,
  compression: 'none',
  maxSinkRecords: 10_000,
  maxOpenWindows: 100_000,
  maxStateEntries: 1_000_000,
  startAt: 'earliest',
  sessionTimeoutMs: 10_000,
  recordDeadlineMs: 30_000,
  skip: [],
} as const

/** Logs nothing. */
export const silentLogger: StreamsLogger = { debug() {}, info() {}, warn() {}, error() {} }
