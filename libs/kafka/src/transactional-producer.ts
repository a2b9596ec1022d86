import {
  StreamsError,
  type ProducerOwnership,
  type Transaction,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import type { Compression } from './batch-format.ts'
import type { ClusterLink } from './cluster-link.ts'
import { Coordinator } from './coordinator.ts'
import { KafkaErrorCode, kafkaError } from './kafka-error.ts'
import { initProducerIdCall } from './protocol/init-producer-id.ts'
import type { TransactionWriter } from './protocol/transaction-writer.ts'
import { retryQuickly } from './quick-retry.ts'
import { Sequences } from './sequences.ts'
import { OutcomeUnknown, TransactionRun } from './transaction-run.ts'

export interface TransactionalProducerSettings {
  /** May be shared with others: it is not closed by `close`. */
  readonly link: ClusterLink
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  readonly compression: Compression
  /** Called by `close`, at its end. */
  onClosed(): Promise<void>
}

/** `TransactionalProducerPort`: the state between transactions. What was lost is never repeated; `init` finds out about it. */
export class TransactionalProducer implements TransactionalProducerPort {
  readonly #settings: TransactionalProducerSettings
  readonly #coordinator: Coordinator
  readonly #groups = new Map<string, Coordinator>()
  #sequences = new Sequences()
  /** Undefined before `init`, and after a commit that failed. */
  #owner: TransactionWriter | undefined
  #busy = false
  #finished: StreamsError | undefined
  #closing: Promise<void> | undefined

  constructor(settings: TransactionalProducerSettings) {
    this.#settings = settings
    this.#coordinator = new Coordinator(settings.link, { kind: 'transaction', id: settings.transactionalId })
  }

  async init(): Promise<ProducerOwnership> {
    return await this.#alone(async () => {
      this.#owner = undefined
      const { transactionalId } = this.#settings
      const { producerId, producerEpoch } = await this.#initialised()
      this.#owner = { transactionalId, producerId, producerEpoch }
      this.#sequences = new Sequences()
      return { producerId: BigInt(producerId), epoch: producerEpoch }
    })
  }

  async commit(transaction: Transaction): Promise<void> {
    await this.#alone(async () => {
      const owner = this.#owner
      if (owner === undefined) {
        throw new StreamsError(
          'protocol',
          `${this.#subject}: init comes before the first commit, and after one that failed`,
        )
      }
      // Whatever happens to this one, the next begins only where it is known to be committed.
      this.#owner = undefined
      const { link, compression, transactionTimeoutMs: timeoutMs } = this.#settings
      const groupCoordinator = this.#groupCoordinator(transaction.groupId)
      const parts = { link, owner, coordinator: this.#coordinator, groupCoordinator, compression, timeoutMs }
      await new TransactionRun(transaction, { ...parts, sequences: this.#sequences }).finished()
      this.#owner = owner
    })
  }

  close(): Promise<void> {
    this.#finished ??= new StreamsError('protocol', `${this.#subject}: the producer is closed`)
    this.#closing ??= this.#settings.onClosed()
    return this.#closing
  }

  async #initialised() {
    const { link, transactionalId, transactionTimeoutMs } = this.#settings
    const call = initProducerIdCall({ transactionalId, transactionTimeoutMs })
    const initialise = async () => {
      const identity = await this.#coordinator.ask({ call, errorCodesOf: ({ errorCode }) => [errorCode] })
      if (identity.errorCode !== KafkaErrorCode.none) throw kafkaError(identity.errorCode, this.#subject)
      return identity
    }
    return await retryQuickly(initialise, { link, subject: this.#subject, forMs: link.retryForMs })
  }

  async #alone<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#finished !== undefined) throw this.#finished
    if (this.#busy) throw new StreamsError('protocol', `${this.#subject}: init or commit was called beside another`)
    this.#busy = true
    try {
      return await operation()
    } catch (error) {
      const failure = this.#asFailure(error)
      if (failure.code === 'fenced') this.#finished ??= failure
      throw failure
    } finally {
      this.#busy = false
    }
  }

  #asFailure(error: unknown): StreamsError {
    if (error instanceof StreamsError && error.code !== 'retries-exhausted') return error
    const reason = error instanceof Error ? error.message : String(error)
    const known = error instanceof StreamsError || error instanceof OutcomeUnknown
    if (!known) return new StreamsError('protocol', `${this.#subject}: ${reason}`, { cause: error })
    const message = `${this.#subject}: not known whether the transaction is committed: ${reason}`
    return new StreamsError('broker-unavailable', message, { retriable: true, cause: error })
  }

  #groupCoordinator(groupId: string): Coordinator {
    const known = this.#groups.get(groupId) ?? new Coordinator(this.#settings.link, { kind: 'group', id: groupId })
    this.#groups.set(groupId, known)
    return known
  }

  get #subject(): string {
    return `transactional id ${this.#settings.transactionalId}`
  }
}
