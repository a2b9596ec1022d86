import {
  StreamsError,
  type CommittedOffset,
  type ConsumerPort,
  type RebalanceListener,
  type RecordBatch,
  type TopicPartition,
} from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { Fetcher } from './fetcher.ts'
import { defaultFetchLimits } from './fetch-positions.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { GroupMembership } from './group-membership.ts'
import { logOffsets } from './log-offsets.ts'
import { Wakeup } from './wakeup.ts'

export interface GroupConsumerOptions {
  /** For joins, heartbeats and commits, and nothing else: a join blocks its connection. */
  readonly groupLink: ClusterLink
  readonly fetchLink: ClusterLink
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly maxBufferedBytes: number
  readonly startAt: 'earliest' | 'latest'
  /** Called by `close`, at its end. */
  onClosed(): Promise<void>
}

const ISOLATION = 'read_committed'
const FETCH_WAIT_MS = 250

/** `ConsumerPort` over a group membership and a fetcher. */
export class GroupConsumer implements ConsumerPort {
  readonly #options: GroupConsumerOptions
  readonly #coordinator: GroupCoordinator
  readonly #fetcher: Fetcher
  readonly #wakeup: Wakeup
  #membership: GroupMembership | undefined
  #listener: RebalanceListener | undefined
  #held: readonly TopicPartition[] = []
  /** A join that is under way, or whose partitions were not taken yet. */
  #joining: Promise<readonly TopicPartition[]> | undefined
  #polling = false
  /** Set by `wakeup` until a poll has ended by it. */
  #awake = false
  #endWait: () => void = () => undefined
  #closing: Promise<void> | undefined

  constructor(options: GroupConsumerOptions) {
    const { fetchLink, groupLink, maxBufferedBytes, startAt } = options
    this.#options = options
    this.#coordinator = new GroupCoordinator(groupLink, options.groupId)
    this.#wakeup = new Wakeup(fetchLink.time)
    this.#fetcher = new Fetcher({
      link: fetchLink,
      isolation: ISOLATION,
      limits: { ...defaultFetchLimits, maxBufferedBytes },
      maxWaitMs: FETCH_WAIT_MS,
      outOfRange: startAt,
      onArrival: () => this.#wakeup.notify(),
      onEnd: () => this.#endPoll(),
    })
  }

  subscribe(topics: readonly string[], listener: RebalanceListener): void {
    if (this.#membership !== undefined) throw new StreamsError('protocol', 'subscribe was called twice on one consumer')
    const { fetchLink, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    this.#listener = listener
    this.#membership = new GroupMembership({
      coordinator: this.#coordinator,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      topics: [...topics].sort(),
      partitionCount: (topic) => fetchLink.freshPartitionCount(topic),
      onChange: () => this.#wakeup.notify(),
    })
  }

  async poll(maxWaitMs: number): Promise<RecordBatch[]> {
    if (this.#closing !== undefined) throw new StreamsError('protocol', 'poll was called on a closed consumer')
    if (this.#polling) throw new StreamsError('protocol', 'poll was called while another poll is under way')
    this.#polling = true
    try {
      return await this.#poll(maxWaitMs)
    } catch (error) {
      if (this.#closing !== undefined) return []
      throw error
    } finally {
      this.#polling = false
    }
  }

  seek(partition: TopicPartition, offset: number): void {
    this.#fetcher.seek(partition, offset)
  }

  wakeup(): void {
    this.#endPoll()
    this.#endWait()
  }

  #endPoll(): void {
    this.#awake = true
    this.#wakeup.notify()
  }

  async nextTurn(): Promise<void> {
    await this.#options.fetchLink.time.nextTurn()
  }

  bufferedBytes(): number {
    return this.#fetcher.bufferedBytes
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.setPaused(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.setPaused(partitions, false)
  }

  async committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    return await this.#coordinator.committed(partitions)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    await this.#subscribed().commit(offsets)
  }

  endOffset(partition: TopicPartition): number | undefined {
    return this.#fetcher.endOffset(partition)
  }

  hasMore(partition: TopicPartition): boolean {
    return this.#fetcher.hasMore(partition)
  }

  heartbeatAgeMs(): number | undefined {
    return this.#membership?.heartbeatAgeMs()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #poll(maxWaitMs: number): Promise<RecordBatch[]> {
    const { time } = this.#options.fetchLink
    const deadlineMs = time.nowMs() + maxWaitMs
    // Polls that find records at once, one after the other, would keep sockets and heartbeats from their turn.
    await time.nextTurn()
    for (;;) {
      await this.#takePart()
      if (this.#closing !== undefined) return []
      const batches = this.#fetcher.take()
      const leftMs = deadlineMs - time.nowMs()
      if (batches.length > 0 || leftMs <= 0 || this.#awake) {
        this.#awake = false
        return batches
      }
      await this.#wakeup.sleep(leftMs)
    }
  }

  /** Gives up what has to be given up, and joins, as far as the group asks for it, and nobody calls `wakeup` while it holds nothing. */
  async #takePart(): Promise<void> {
    const membership = this.#subscribed()
    while ((this.#joining !== undefined || membership.state !== 'joined') && this.#closing === undefined) {
      if (this.#joining === undefined) await this.#giveUp(membership)
      const assigned = await this.#joined(membership)
      if (assigned === undefined || this.#closing !== undefined) return
      // It was taken for dead, or the group changed, before anybody came for them.
      if (membership.state !== 'joined') continue
      this.#held = assigned
      this.#logAssignment()
      await this.#begin().catch((error: unknown) => {
        // Without this the next poll would find itself joined, with partitions that are read from nowhere.
        membership.joinAnew()
        throw error
      })
    }
    membership.throwFailure()
  }

  async #giveUp({ state }: GroupMembership): Promise<void> {
    const held = this.#held
    this.#held = []
    this.#fetcher.assign([])
    if (held.length > 0) await (state === 'lost' ? this.#listener?.lost(held) : this.#listener?.revoked(held))
  }

  /**
   * What the group gives. The group may wait for its slowest member for a minute: undefined where a `wakeup` comes first, such as to stop.
   * The join goes on then, and the next poll waits for it.
   */
  async #joined(membership: GroupMembership): Promise<readonly TopicPartition[] | undefined> {
    this.#joining ??= membership.join()
    const woken = new Promise<undefined>((resolve) => {
      this.#endWait = () => resolve(undefined)
      if (this.#awake) resolve(undefined)
    })
    try {
      const assigned = await Promise.race([this.#joining, woken])
      if (assigned !== undefined) this.#joining = undefined
      return assigned
    } catch (error) {
      this.#joining = undefined
      throw error
    }
  }

  /** Hands over what was assigned, and finds the place to read from where the listener has not chosen one. */
  async #begin(): Promise<void> {
    const { fetchLink, startAt } = this.#options
    this.#fetcher.assign(this.#held)
    await this.#listener?.assigned(this.#held)
    for (const { topic, partition, offset } of await this.committed(this.#fetcher.unpositioned())) {
      this.#fetcher.seek({ topic, partition }, offset)
    }
    const partitions = this.#fetcher.unpositioned()
    if (partitions.length === 0) return
    const offsets = await logOffsets(fetchLink, { partitions, at: startAt, isolation: ISOLATION })
    for (const [index, partition] of partitions.entries()) this.#fetcher.seek(partition, offsets[index] ?? 0)
  }

  #logAssignment(): void {
    const { groupId, groupLink } = this.#options
    const partitions = this.#held.map(({ topic, partition }) => `${topic}/${partition}`)
    groupLink.logger.info({ groupId, partitions }, `group ${groupId}: ${partitions.length} partitions assigned`)
  }

  async #close(): Promise<void> {
    const { groupLink, fetchLink, onClosed } = this.#options
    this.#fetcher.close()
    this.#wakeup.notify()
    await this.#membership?.leave(fetchLink)
    await Promise.all([groupLink.close(), fetchLink.close()])
    await onClosed()
  }

  #subscribed(): GroupMembership {
    if (this.#membership === undefined) throw new StreamsError('protocol', 'the consumer is not subscribed to anything')
    return this.#membership
  }
}
