import type { TopicPartition } from '@tidemark/streams'
import { partitionKey } from './fetch-positions.ts'

const MAX_SEQUENCE = 0x7fff_ffff

/** The next sequence number of each partition, as one producer id counts them: from 0, and from 0 again after 2^31 - 1. */
export class Sequences {
  readonly #next = new Map<string, number>()

  /** Takes the numbers of the next `count` records and returns the first. */
  take(partition: TopicPartition, count: number): number {
    const key = partitionKey(partition)
    const first = this.#next.get(key) ?? 0
    this.#next.set(key, (first + count) & MAX_SEQUENCE)
    return first
  }
}
