import type { RecordBatch, TopicPartition } from '@tidemark/streams'
import { BatchHeader } from './batch-format.ts'
import type { FetchPartition } from './protocol/fetch.ts'
import type { RecordSet } from './record-set.ts'

export interface FetchLimits {
  /** Fetched bytes waiting to be taken, over all partitions, with those that are on their way. */
  readonly maxBufferedBytes: number
  /** Of one request. */
  readonly maxRequestBytes: number
  /** Of one partition in one request; a partition with as much waiting is not asked for more. */
  readonly maxPartitionBytes: number
  /** A poll takes whole batches until it has this much: it bounds how long a poll's records take to process. */
  readonly maxTakenBytes: number
  /** What begins here or later is not asked for: at the end of a log, a request would wait, and those behind it. None if left out. */
  readonly endOffset?: number
}

export const defaultFetchLimits: FetchLimits = {
  maxBufferedBytes: 32 * 1024 * 1024,
  maxRequestBytes: 8 * 1024 * 1024,
  maxPartitionBytes: 1024 * 1024,
  maxTakenBytes: 1024 * 1024,
}

/** A request that would be smaller waits until more room is free. */
const MIN_REQUEST_BYTES = 64 * 1024

/** One partition being read. */
export interface Position extends TopicPartition {
  /** Where to fetch on; undefined until it is known. */
  offset: number | undefined
  /** Goes up when what is on its way no longer belongs to this position. */
  epoch: number
  paused: boolean
  /** Set while a failure is being dealt with: not asked for. */
  blocked: boolean
  endOffset: number | undefined
  readonly waiting: RecordBatch[]
  waitingBytes: number
}

export interface PlannedFetch {
  readonly nodeId: number
  readonly maxBytes: number
  readonly partitions: readonly FetchPartition[]
  /** The epoch of each of them when asked, by `partitionKey`. */
  readonly epochs: ReadonlyMap<string, number>
  /** True where a partition of this broker was left out for now, so that the request should not wait long. */
  readonly leavesOut: boolean
}

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

/**
 * What is read, how far, and what has arrived: the bookkeeping of a fetcher, without its requests. The partition that was
 * served last comes last in the next request and the next take, so that none starves.
 */
export class FetchPositions {
  readonly #limits: FetchLimits
  readonly #positions = new Map<string, Position>()
  #bufferedBytes = 0
  #requestedBytes = 0
  #epochs = 0

  constructor(limits: FetchLimits) {
    this.#limits = limits
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Reads these partitions from now on, and no others; a partition is not fetched before its first `seek`. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#positions.clear()
    this.#bufferedBytes = 0
    for (const { topic, partition } of partitions) {
      this.#positions.set(partitionKey({ topic, partition }), {
        topic,
        partition,
        offset: undefined,
        epoch: ++this.#epochs,
        paused: false,
        blocked: false,
        endOffset: undefined,
        waiting: [],
        waitingBytes: 0,
      })
    }
  }

  get(partition: TopicPartition): Position | undefined {
    return this.#positions.get(partitionKey(partition))
  }

  /** The position that a request was made for, unless it has moved since. */
  current(partition: TopicPartition, { epochs }: PlannedFetch): Position | undefined {
    const position = this.get(partition)
    return position !== undefined && position.epoch === epochs.get(partitionKey(partition)) ? position : undefined
  }

  all(): IterableIterator<Position> {
    return this.#positions.values()
  }

  seek(position: Position, offset: number): void {
    this.#drop(position)
    position.offset = offset
    position.blocked = false
  }

  /** What to ask of each broker that is not busy. Takes up room for the answers until `release`. */
  plan(leaderOf: (partition: TopicPartition) => number | undefined, busy: ReadonlySet<number>): PlannedFetch[] {
    const { endOffset = Infinity } = this.#limits
    const byLeader = new Map<number, Position[]>()
    for (const position of this.#positions.values()) {
      if (position.offset === undefined || position.offset >= endOffset || position.blocked) continue
      const leader = leaderOf(position)
      if (leader === undefined) continue
      const led = byLeader.get(leader)
      if (led === undefined) byLeader.set(leader, [position])
      else led.push(position)
    }
    // No broker's answer may take the room of the others'.
    const share = Math.floor(this.#limits.maxBufferedBytes / byLeader.size)
    const planned: PlannedFetch[] = []
    for (const [nodeId, led] of byLeader) {
      if (busy.has(nodeId)) continue
      const asked = led.filter((one) => !one.paused && one.waitingBytes < this.#limits.maxPartitionBytes)
      const maxBytes =
        asked.length === 0 ? 0 : this.#takeRoom(Math.min(share, asked.length * this.#limits.maxPartitionBytes))
      if (maxBytes > 0) planned.push(this.#request(nodeId, maxBytes, { asked, leavesOut: asked.length < led.length }))
    }
    return planned
  }

  release({ maxBytes }: PlannedFetch): void {
    this.#requestedBytes -= maxBytes
  }

  /** Takes in what a fetch has brought for a position. */
  add(position: Position, { batches, nextOffset }: RecordSet, endOffset: number): void {
    position.offset = nextOffset
    position.endOffset = endOffset
    if (batches.length === 0) return
    for (const batch of batches) {
      position.waiting.push(batch)
      this.#count(position, bytesOf(batch))
    }
    this.#moveLast(position)
  }

  /** Hands out what has arrived for partitions that are not paused: a batch of each in turn, up to the limit. */
  take(): RecordBatch[] {
    const taken: RecordBatch[] = []
    let takenBytes = 0
    let ready = [...this.#positions.values()].filter(({ paused, waiting }) => !paused && waiting.length > 0)
    while (ready.length > 0) {
      for (const position of ready) {
        const batch = position.waiting.shift() as RecordBatch
        this.#count(position, -bytesOf(batch))
        this.#moveLast(position)
        taken.push(batch)
        takenBytes += bytesOf(batch)
        if (takenBytes >= this.#limits.maxTakenBytes) return taken
      }
      ready = ready.filter(({ waiting }) => waiting.length > 0)
    }
    return taken
  }

  #request(
    nodeId: number,
    maxBytes: number,
    { asked, leavesOut }: { asked: readonly Position[]; leavesOut: boolean },
  ): PlannedFetch {
    return {
      nodeId,
      maxBytes,
      leavesOut,
      partitions: asked.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset: offset as number,
        maxBytes: Math.min(maxBytes, this.#limits.maxPartitionBytes),
      })),
      epochs: new Map(asked.map((position) => [partitionKey(position), position.epoch])),
    }
  }

  /** Room for one more answer, up to `wanted` bytes, or 0. A paused partition gives up what it has waiting rather than hold up the others. */
  #takeRoom(wanted: number): number {
    if (this.#freeBytes() < MIN_REQUEST_BYTES) this.#dropPaused()
    const free = this.#freeBytes()
    const idle = this.#bufferedBytes + this.#requestedBytes === 0
    if (free < MIN_REQUEST_BYTES && !idle) return 0
    const maxBytes = Math.min(this.#limits.maxRequestBytes, Math.max(MIN_REQUEST_BYTES, Math.min(free, wanted)))
    this.#requestedBytes += maxBytes
    return maxBytes
  }

  #freeBytes(): number {
    return this.#limits.maxBufferedBytes - this.#bufferedBytes - this.#requestedBytes
  }

  #dropPaused(): void {
    for (const position of this.#positions.values()) {
      const first = position.waiting[0]
      if (!position.paused || first === undefined) continue
      const offset = first.fromOffset ?? first.baseOffset
      this.#drop(position)
      position.offset = offset
    }
  }

  #drop(position: Position): void {
    this.#count(position, -position.waitingBytes)
    position.waiting.length = 0
    position.epoch = ++this.#epochs
  }

  #count(position: Position, bytes: number): void {
    position.waitingBytes += bytes
    this.#bufferedBytes += bytes
  }

  #moveLast(position: Position): void {
    const key = partitionKey(position)
    this.#positions.delete(key)
    this.#positions.set(key, position)
  }
}

function bytesOf(batch: RecordBatch): number {
  return batch.records.length + BatchHeader.byteLength
}
