import {
  StreamsError,
  type CommittedOffset,
  type ConsumerPort,
  type RebalanceListener,
  type RecordBatch,
  type TopicPartition,
} from '@tidemark/streams'

/** Polls that find records at once, one after the other: so many leave nobody else a turn. */
const POLLS_A_TURN = 100
/** As a real consumer's: it bounds how long a poll's records take to process. */
const MAX_TAKEN_BYTES = 1024 * 1024

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`

/** A group's members, who owns what, and its offsets. Partition p of every topic goes to the same member. */
export class InMemoryGroup {
  readonly groupId: string
  readonly members: InMemoryConsumer[] = []
  readonly owners = new Map<string, InMemoryConsumer>()
  readonly offsets = new Map<string, CommittedOffset>()
  /** Goes up when a member comes or goes: all members then give up their partitions, and take what is theirs now. */
  generation = 0
  readonly #places: InMemoryConsumer[] = []

  constructor(groupId: string) {
    this.groupId = groupId
  }

  /** Ends all members as `kill -9` would: nothing more is committed, their partitions are free. */
  kill(): void {
    for (const member of this.members.splice(0)) member.alive = false
    this.owners.clear()
    this.generation++
  }

  /** Goes on without a member that does not know of it, as after a session that has timed out: its partitions are free. */
  expel(member: InMemoryConsumer): void {
    this.leave(member)
  }

  /** A member that comes back has its old place, and so its old partitions. */
  join(member: InMemoryConsumer): void {
    if (!this.#places.includes(member)) this.#places.push(member)
    this.members.push(member)
    this.members.sort((one, other) => this.#places.indexOf(one) - this.#places.indexOf(other))
    this.generation++
  }

  setOffsets(offsets: readonly CommittedOffset[]): void {
    for (const offset of offsets) this.offsets.set(nameOf(offset), offset)
  }

  leave(member: InMemoryConsumer): void {
    const index = this.members.indexOf(member)
    if (index < 0) return
    this.members.splice(index, 1)
    this.generation++
    for (const [name, owner] of this.owners) if (owner === member) this.owners.delete(name)
  }

  /** Who is to own a partition. */
  target({ partition }: TopicPartition): InMemoryConsumer | undefined {
    return this.members[partition % this.members.length]
  }
}

/** What a member reads: the logs of topics. Throws a `StreamsError` for a topic that does not exist. */
export interface GroupLogs {
  /** Of each partition of a topic. */
  partitions(topic: string): readonly { readonly endOffset: number }[]
  /** The batch with the record at an offset, or the first one after it. */
  batchFrom(partition: TopicPartition, fromOffset: number): RecordBatch | undefined
}

/**
 * A member of an in-memory group. As in Kafka's classic protocol all members give up their partitions when the group changes; they
 * are assigned once the earlier owners have polled.
 */
export class InMemoryConsumer implements ConsumerPort {
  alive = true
  readonly #logs: GroupLogs
  readonly #group: InMemoryGroup
  readonly #startAt: 'earliest' | 'latest'
  readonly #positions = new Map<string, number>()
  readonly #paused = new Set<string>()
  #topics: readonly string[] = []
  #listener: RebalanceListener | undefined
  #held: readonly TopicPartition[] = []
  #generation = -1
  #polls = 0
  #isAssigned = false

  constructor(logs: GroupLogs, group: InMemoryGroup, startAt: 'earliest' | 'latest') {
    this.#logs = logs
    this.#group = group
    this.#startAt = startAt
  }

  subscribe(topics: readonly string[], listener: RebalanceListener): void {
    this.#topics = topics
    this.#listener = listener
    this.#group.join(this)
  }

  async poll(): Promise<RecordBatch[]> {
    this.#mustBeAlive()
    await this.#rebalance()
    const batches = this.#take()
    // A turn of the event loop, so that a caller's loop, with records or without, can't starve everything else.
    if (batches.length === 0 || ++this.#polls % POLLS_A_TURN === 0) await this.nextTurn()
    return batches
  }

  /** Polls don't wait. */
  wakeup(): void {}

  async nextTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Records are taken from the log when they are polled. */
  bufferedBytes(): number {
    return 0
  }

  seek(partition: TopicPartition, offset: number): void {
    this.#positions.set(nameOf(partition), offset)
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#paused.add(nameOf(partition))
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#paused.delete(nameOf(partition))
  }

  async committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    return partitions.flatMap((partition) => this.#group.offsets.get(nameOf(partition)) ?? [])
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    for (const offset of offsets) {
      if (this.alive && this.#group.owners.get(nameOf(offset)) === this) continue
      const where = `topic ${offset.topic} partition ${offset.partition}`
      throw new StreamsError('group-lost', `group ${this.#group.groupId}: ${where} is not this member's any more`)
    }
    this.#group.setOffsets(offsets)
  }

  endOffset({ topic, partition }: TopicPartition): number | undefined {
    return this.#logs.partitions(topic)[partition]?.endOffset
  }

  hasMore(partition: TopicPartition): boolean {
    return (this.#positions.get(nameOf(partition)) ?? 0) < (this.endOffset(partition) ?? 0)
  }

  heartbeatAgeMs(): number {
    return 0
  }

  async close(): Promise<void> {
    this.#group.leave(this)
  }

  /** A batch of each partition in turn, up to the limit of one poll. */
  #take(): RecordBatch[] {
    const taken: RecordBatch[] = []
    let takenBytes = 0
    let ready = this.#held.filter((partition) => !this.#paused.has(nameOf(partition)))
    while (ready.length > 0 && takenBytes < MAX_TAKEN_BYTES) {
      ready = ready.filter((partition) => {
        const name = nameOf(partition)
        const batch = this.#logs.batchFrom(partition, this.#positions.get(name) ?? 0)
        if (batch === undefined) return false
        this.#positions.set(name, batch.nextOffset)
        taken.push(batch)
        takenBytes += batch.records.length
        return true
      })
    }
    return taken
  }

  async #rebalance(): Promise<void> {
    if (this.#generation !== this.#group.generation) await this.#giveUp()
    if (this.#isAssigned) return
    const { owners } = this.#group
    const mine = this.#all().filter((partition) => this.#group.target(partition) === this)
    if (mine.some((partition) => owners.has(nameOf(partition)))) return
    for (const partition of mine) {
      owners.set(nameOf(partition), this)
      this.#positions.set(nameOf(partition), this.#start(partition))
    }
    this.#isAssigned = true
    this.#held = mine
    await this.#listener?.assigned(mine)
  }

  async #giveUp(): Promise<void> {
    const held = this.#held
    this.#held = []
    this.#isAssigned = false
    this.#paused.clear()
    const isLost = !this.#group.members.includes(this)
    if (isLost) this.#group.join(this)
    this.#generation = this.#group.generation
    if (held.length > 0) await (isLost ? this.#listener?.lost(held) : this.#listener?.revoked(held))
    for (const partition of held) {
      if (this.#group.owners.get(nameOf(partition)) === this) this.#group.owners.delete(nameOf(partition))
    }
  }

  #start(partition: TopicPartition): number {
    const committed = this.#group.offsets.get(nameOf(partition))
    if (committed !== undefined) return committed.offset
    return this.#startAt === 'latest' ? (this.endOffset(partition) ?? 0) : 0
  }

  #all(): TopicPartition[] {
    return this.#topics.flatMap((topic) =>
      this.#logs.partitions(topic).map((_log, partition) => ({ topic, partition })),
    )
  }

  #mustBeAlive(): void {
    if (!this.alive) throw new StreamsError('group-lost', `group ${this.#group.groupId}: this member was killed`)
  }
}
