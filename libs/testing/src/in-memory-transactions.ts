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

  /** A producer whose commits take effect at once, all of it or nothing: what is sent before stays with it until then. */
  producer(transactionalId: string): TransactionalProducerPort {
    return new InMemoryTransactionalProducer(transactionalId, {
      take: () => this.#take(transactionalId),
      epoch: () => this.#epochs.get(transactionalId)?.epoch,
      target: this.#target,
    })
  }

  #take(transactionalId: string): ProducerOwnership {
    const known = this.#epochs.get(transactionalId) ?? { producerId: BigInt(this.#epochs.size), epoch: -1 }
    known.epoch++
    this.#epochs.set(transactionalId, known)
    return { ...known }
  }
}

interface Shared {
  take(): ProducerOwnership
  /** Of whoever was initialised last. */
  epoch(): number | undefined
  readonly target: TransactionTarget
}

/** Its methods are properties, so that a test can spread it and replace one. */
class InMemoryTransactionalProducer implements TransactionalProducerPort {
  readonly #subject: string
  readonly #shared: Shared
  #mine: ProducerOwnership | undefined
  #sent: OutputBatch[] = []
  /** Of a send: the commit fails with it too. */
  #failure: StreamsError | undefined
  #isClosed = false

  constructor(transactionalId: string, shared: Shared) {
    this.#subject = `producer ${transactionalId}`
    this.#shared = shared
  }

  init = async (): Promise<ProducerOwnership> => {
    this.#sent = []
    this.#failure = undefined
    return (this.#mine = this.#shared.take())
  }

  /** Nothing takes less time for being told before. */
  begin = (): void => undefined

  send = async (batches: readonly OutputBatch[]): Promise<void> => {
    this.#mustBeOwner()
    if (this.#failure !== undefined) throw this.#failure
    try {
      for (const batch of batches) this.#shared.target.mustHave(batch)
    } catch (error) {
      this.#failure = error as StreamsError
      throw error
    }
    // The sender may reuse its buffers.
    for (const batch of batches) this.#sent.push({ ...batch, records: Buffer.from(batch.records) })
  }

  commit = async ({ batches, groupId, offsets }: Transaction): Promise<void> => {
    this.#mustBeOwner()
    const all = [...this.#sent.splice(0), ...batches]
    if (this.#failure !== undefined) throw this.#failure
    const { target } = this.#shared
    for (const batch of all) target.mustHave(batch)
    for (const batch of all) target.append(batch)
    target.group(groupId).setOffsets(offsets)
  }

  close = async (): Promise<void> => {
    this.#isClosed = true
  }

  #mustBeOwner(): void {
    if (this.#mine === undefined || this.#isClosed) {
      throw new StreamsError('protocol', `${this.#subject} was not initialised`)
    }
    if (this.#shared.epoch() === this.#mine.epoch) return
    throw new StreamsError('fenced', `${this.#subject}: a newer one with the same id has taken over`)
  }
}
