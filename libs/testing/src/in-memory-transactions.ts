import {
  StreamsError,
  type OutputBatch,
  type ProducerOwnership,
  type TopicPartition,
  type Transaction,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import type { InMemoryGroup } from './in-memory-group.ts'

/** What transactions do to an in-memory Kafka. */
export interface TransactionTarget {
  /** Throws where there is no such partition. */
  mustHave(partition: TopicPartition): void
  append(batch: OutputBatch): void
  group(groupId: string): InMemoryGroup
}

/** Who owns each transactional id: the epoch of the last producer that was initialised with it. */
export class InMemoryTransactions {
  readonly #target: TransactionTarget
  readonly #epochs = new Map<string, { readonly producerId: bigint; epoch: number }>()

  constructor(target: TransactionTarget) {
    this.#target = target
  }

  /** A producer whose commits take effect at once, all of it or nothing. */
  producer(transactionalId: string): TransactionalProducerPort {
    let mine: ProducerOwnership | undefined
    let closed = false
    return {
      init: async () => (mine = this.#take(transactionalId)),
      commit: async (transaction) => {
        if (mine === undefined || closed)
          throw new StreamsError('protocol', `producer ${transactionalId} was not initialised`)
        if (this.#epochs.get(transactionalId)?.epoch !== mine.epoch) {
          throw new StreamsError('fenced', `producer ${transactionalId}: a newer one with the same id has taken over`)
        }
        this.#commit(transaction)
      },
      close: async () => {
        closed = true
      },
    }
  }

  #take(transactionalId: string): ProducerOwnership {
    const known = this.#epochs.get(transactionalId) ?? { producerId: BigInt(this.#epochs.size), epoch: -1 }
    known.epoch++
    this.#epochs.set(transactionalId, known)
    return { ...known }
  }

  #commit({ batches, groupId, offsets }: Transaction): void {
    for (const batch of batches) this.#target.mustHave(batch)
    for (const batch of batches) this.#target.append(batch)
    this.#target.group(groupId).setOffsets(offsets)
  }
}
