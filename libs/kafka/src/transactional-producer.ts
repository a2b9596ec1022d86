import {
  StreamsError,
  type OutputBatch,
  type ProducerOwnership,
  type Transaction,
  type TransactionalProducerPort,
} from '@tidemark/streams'
import type { Compression } from './batch-format.ts'
import type { ClusterLink } from './cluster-link.ts'
import { Coordinator } from './coordinator.ts'
import { KafkaErrorCode, kafkaError } from './kafka-error.ts'
import { OpenTransaction, OutcomeUnknown, type OpenTransactionOptions } from './open-transaction.ts'
import { initProducerIdCall } from './protocol/init-producer-id.ts'
import type { TransactionWriter } from './protocol/transaction-writer.ts'
import { retryQuickly } from './quick-retry.ts'
import { Sequences } from './sequences.ts'

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
  /** Begun by `init`, and by each commit that succeeds; undefined before `init`, and after a commit that failed. */
  #transaction: OpenTransaction | undefined
  /** What the broker may still hold open. */
  #last: OpenTransaction | undefined
  #busy = false
  #finished: StreamsError | undefined
  #closing: Promise<void> | undefined

  constructor(settings: TransactionalProducerSettings) {
    this.#settings = settings
    this.#coordinator = new Coordinator(settings.link, { kind: 'transaction', id: settings.transactionalId })
  }

  async init(): Promise<ProducerOwnership> {
    return await this.#alone(async () => {
      this.#transaction = undefined
      const { transactionalId } = this.#settings
      const isSound = this.#last?.isSound === true
      await this.#last?.abandon()
      // One that is aborted by its owner leaves no trace in the epoch that `init` answers.
      if (isSound) await this.#last?.abort()
      const { producerId, producerEpoch } = await this.#initialised()
      this.#begin({ transactionalId, producerId, producerEpoch }, { sequences: new Sequences(), expected: [] })
      return { producerId: BigInt(producerId), epoch: producerEpoch }
    })
  }

  begin(groupId: string): void {
    if (!this.#busy && this.#finished === undefined) this.#transaction?.begin(groupId)
  }

  async send(batches: readonly OutputBatch[]): Promise<void> {
    this.#refuseBeside('send')
    const transaction = this.#begun('send')
    await this.#telling("the transaction can't be committed", () => transaction.send(batches))
  }

  async commit(transaction: Transaction): Promise<void> {
    await this.#alone(async () => {
      const begun = this.#begun('commit')
      // Whatever happens to this one, the next begins only where it is known to be committed.
      this.#transaction = undefined
      await begun.commit(transaction)
      this.#begin(begun.owner, { sequences: begun.sequences, expected: begun.partitions })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // Whoever has taken over has ended what was open.
    const isFenced = this.#finished !== undefined
    this.#finished ??= new StreamsError('protocol', `${this.#subject}: the producer is closed`)
    if (!isFenced) await this.#last?.abort()
    await this.#settings.onClosed()
  }

  #begin(owner: TransactionWriter, further: Pick<OpenTransactionOptions, 'sequences' | 'expected'>): void {
    const { link, compression, transactionTimeoutMs: timeoutMs } = this.#settings
    const groupCoordinator = (groupId: string) => this.#groupCoordinator(groupId)
    const parts = { link, coordinator: this.#coordinator, groupCoordinator, compression, timeoutMs }
    this.#transaction = new OpenTransaction({ ...parts, ...further, owner })
    this.#last = this.#transaction
  }

  #begun(call: string): OpenTransaction {
    if (this.#transaction !== undefined) return this.#transaction
    throw new StreamsError(
      'protocol',
      `${this.#subject}: init comes before the first ${call}, and after a commit that failed`,
    )
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
    this.#refuseBeside('init or commit')
    this.#busy = true
    try {
      return await this.#telling('not known whether the transaction is committed', operation)
    } finally {
      this.#busy = false
    }
  }

  #refuseBeside(call: string): void {
    if (this.#finished !== undefined) throw this.#finished
    if (this.#busy) throw new StreamsError('protocol', `${this.#subject}: ${call} was called beside init or commit`)
  }

  async #telling<T>(consequence: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation()
    } catch (error) {
      const failure = this.#asFailure(error, consequence)
      if (failure.code === 'fenced') this.#finished ??= failure
      throw failure
    }
  }

  #asFailure(error: unknown, consequence: string): StreamsError {
    if (error instanceof StreamsError && error.code !== 'retries-exhausted') return error
    const reason = error instanceof Error ? error.message : String(error)
    const known = error instanceof StreamsError || error instanceof OutcomeUnknown
    if (!known) return new StreamsError('protocol', `${this.#subject}: ${reason}`, { cause: error })
    const message = `${this.#subject}: ${consequence}: ${reason}`
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
