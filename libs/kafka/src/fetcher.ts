import { StreamsError, type RecordBatch, type TopicPartition } from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { FetchPositions, type FetchLimits, type PlannedFetch, type Position } from './fetch-positions.ts'
import { KafkaErrorCode, kafkaError, partitionName } from './kafka-error.ts'
import { LeaderRecovery } from './leader-recovery.ts'
import { logOffsets } from './log-offsets.ts'
import { fetchCall, type FetchedPartition, type FetchResponse, type Isolation } from './protocol/fetch.ts'
import { readRecordSet } from './record-set.ts'

export interface FetcherOptions {
  readonly link: ClusterLink
  readonly isolation: Isolation
  readonly limits: FetchLimits
  /** How long a broker may hold back an answer without records. */
  readonly maxWaitMs: number
  /** Where to go on when the log no longer has, or does not have, an offset; `fail` makes it an error. */
  readonly outOfRange: 'earliest' | 'latest' | 'fail'
  /** Told when there is something to take: batches or a failure. */
  onArrival(): void
  /** Told when it turns out that a partition has no more, which brings nothing to take. */
  onEnd?(): void
}

/** A wait this short keeps a partition that was left out of a request from waiting for others that are silent. */
const SHORT_WAIT_MS = 20

/**
 * Reads partitions ahead of `take`, one request at a time at each broker that leads some of them, within limits on what is
 * buffered. Moves to new leaders by itself; what was fetched before an `assign` or a `seek` never comes out after it.
 */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #positions: FetchPositions
  readonly #busy = new Set<number>()
  readonly #recovery: LeaderRecovery
  #failure: StreamsError | undefined
  #closed = false

  constructor(options: FetcherOptions) {
    this.#options = options
    this.#positions = new FetchPositions(options.limits)
    this.#recovery = new LeaderRecovery(options.link, {
      onRecovered: () => this.#pump(),
      onLasting: (error) => this.#fail(error),
    })
  }

  /** Reads these partitions and no others, each from its first `seek` on. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#failure = undefined
    this.#recovery.clear()
    this.#positions.assign(partitions)
  }

  /** Does nothing for a partition that is not assigned. */
  seek(partition: TopicPartition, offset: number): void {
    const position = this.#positions.get(partition)
    if (position === undefined) return
    this.#recovery.settled(position)
    this.#positions.seek(position, offset)
    this.#pump()
  }

  /** The assigned partitions without a place to read from. */
  unpositioned(): TopicPartition[] {
    return [...this.#positions.all()].filter(({ offset }) => offset === undefined)
  }

  setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    let changed = false
    for (const partition of partitions) {
      const position = this.#positions.get(partition)
      if (position === undefined || position.paused === paused) continue
      position.paused = paused
      changed = true
    }
    if (changed) this.#pump()
  }

  /** What has arrived, as much as one take allows. Throws the `StreamsError` that reading has come to, if any. */
  take(): RecordBatch[] {
    if (this.#failure !== undefined) {
      const failure = this.#failure
      if (failure.retriable) this.#failure = undefined
      throw failure
    }
    const taken = this.#positions.take()
    this.#pump()
    return taken
  }

  get bufferedBytes(): number {
    return this.#positions.bufferedBytes
  }

  endOffset(partition: TopicPartition): number | undefined {
    return this.#positions.get(partition)?.endOffset
  }

  /** True too where nothing is known of the end. */
  hasMore(partition: TopicPartition): boolean {
    const position = this.#positions.get(partition)
    if (position === undefined) return false
    const { offset = -1, endOffset = Infinity, waiting } = position
    return waiting.length > 0 || offset < endOffset
  }

  close(): void {
    this.#closed = true
    this.assign([])
  }

  #pump(): void {
    if (this.#closed || this.#failure !== undefined) return
    const { link } = this.#options
    for (const position of this.#positions.all()) {
      if (position.offset === undefined || position.blocked || link.leaderOf(position) !== undefined) continue
      this.#recovery.block(position)
    }
    for (const planned of this.#positions.plan((partition) => link.leaderOf(partition), this.#busy)) {
      void this.#fetch(planned)
    }
  }

  async #fetch(planned: PlannedFetch): Promise<void> {
    const { link, isolation, maxWaitMs } = this.#options
    this.#busy.add(planned.nodeId)
    try {
      const { partitions, maxBytes } = planned
      const wait = planned.leavesOut ? Math.min(SHORT_WAIT_MS, maxWaitMs) : maxWaitMs
      const call = fetchCall({ partitions, maxBytes, isolation, maxWaitMs: wait })
      this.#arrived(await link.send(planned.nodeId, call), planned)
    } catch (error) {
      this.#failed(planned, error)
    } finally {
      this.#busy.delete(planned.nodeId)
      this.#positions.release(planned)
      this.#pump()
    }
  }

  #arrived(response: FetchResponse, planned: PlannedFetch): void {
    if (response.errorCode !== KafkaErrorCode.none) {
      throw kafkaError(response.errorCode, `fetch from broker ${planned.nodeId}`)
    }
    let arrived = false
    for (const fetched of response.partitions) {
      const position = this.#positions.current(fetched, planned)
      if (position === undefined) continue
      if (fetched.errorCode === KafkaErrorCode.none) arrived = this.#add(position, fetched) || arrived
      else this.#partitionFailed(position, fetched.errorCode)
    }
    if (arrived) this.#options.onArrival()
  }

  #add(position: Position, fetched: FetchedPartition): boolean {
    this.#recovery.settled(position)
    const hadMore = this.hasMore(position)
    const committedOnly = this.#options.isolation === 'read_committed'
    const recordSet = readRecordSet({
      topic: position.topic,
      partition: position.partition,
      records: fetched.records ?? Buffer.alloc(0),
      fromOffset: position.offset as number,
      abortedTransactions: committedOnly ? fetched.abortedTransactions : [],
    })
    this.#positions.add(position, recordSet, committedOnly ? fetched.lastStableOffset : fetched.highWatermark)
    // That there is no more is news too: others may have waited for what could have come.
    if (hadMore && !this.hasMore(position)) this.#options.onEnd?.()
    return recordSet.batches.length > 0
  }

  #partitionFailed(position: Position, errorCode: number): void {
    if (errorCode === KafkaErrorCode.offsetOutOfRange) {
      position.blocked = true
      void this.#backIntoRange(position)
      return
    }
    const error = kafkaError(errorCode, partitionName(position))
    if (error.retriable) this.#recovery.block(position, error)
    else this.#fail(error)
  }

  #failed(planned: PlannedFetch, error: unknown): void {
    if (this.#closed) return
    if (!(error instanceof StreamsError) || !error.retriable) return this.#fail(error)
    for (const partition of planned.partitions) {
      const position = this.#positions.current(partition, planned)
      if (position !== undefined) this.#recovery.block(position, error)
    }
  }

  /** The log has lost what was to be read next, or was made anew: goes on at one of its ends, loudly. */
  async #backIntoRange(position: Position): Promise<void> {
    const { link, isolation, outOfRange } = this.#options
    const { epoch, offset } = position
    try {
      const partitions = [position]
      const [start = 0] = await logOffsets(link, { partitions, at: 'earliest', isolation })
      const [end = 0] = await logOffsets(link, { partitions, at: 'latest', isolation })
      if (position.epoch !== epoch || offset === undefined || this.#closed) return
      if (start <= offset && offset <= end) return this.seek(position, offset)
      const subject = `${partitionName(position)}: offset ${offset} is outside of the log, which has [${start}, ${end})`
      if (outOfRange === 'fail') return this.#fail(new StreamsError('offset-out-of-range', subject))
      const next = outOfRange === 'earliest' ? start : end
      const fields = { topic: position.topic, partition: position.partition, offset, start, end, next }
      const lost = next > offset ? `: the records of [${offset}, ${next}) are lost to this reader` : ''
      link.logger.warn(
        fields,
        `${subject}: reading on at ${next}${lost}; was the reader stopped for longer than the topic's retention?`,
      )
      this.seek(position, next)
    } catch (error) {
      if (position.epoch === epoch) this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return
    this.#failure =
      error instanceof StreamsError
        ? error
        : new StreamsError('protocol', `fetching failed unexpectedly: ${String(error)}`, { cause: error })
    this.#options.onArrival()
  }
}
