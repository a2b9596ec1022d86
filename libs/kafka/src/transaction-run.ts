import { StreamsError, type Transaction } from '@tidemark/streams'
import type { Compression } from './batch-format.ts'
import { compressed } from './batch-writer.ts'
import type { ClusterLink } from './cluster-link.ts'
import type { Coordinator, Question } from './coordinator.ts'
import { KafkaErrorCode, kafkaError, partitionName } from './kafka-error.ts'
import { ProduceRun } from './produce-run.ts'
import { addOffsetsToTxnCall } from './protocol/add-offsets-to-txn.ts'
import { addPartitionsToTxnCall } from './protocol/add-partitions-to-txn.ts'
import { endTxnCall } from './protocol/end-txn.ts'
import type { PartitionResult, TransactionWriter } from './protocol/transaction-writer.ts'
import { txnOffsetCommitCall } from './protocol/txn-offset-commit.ts'
import { retryQuickly } from './quick-retry.ts'
import type { Sequences } from './sequences.ts'

export interface TransactionRunOptions {
  readonly link: ClusterLink
  readonly owner: TransactionWriter
  /** Of the transactional id. */
  readonly coordinator: Coordinator
  /** Of the group whose offsets are committed. */
  readonly groupCoordinator: Coordinator
  readonly sequences: Sequences
  readonly compression: Compression
  /** After which the broker aborts the transaction by itself: nothing is repeated for longer. */
  readonly timeoutMs: number
}

/** A request was not answered, or not in a way that says what has become of it. Never repeated: it may still arrive later. */
export class OutcomeUnknown extends Error {}

/** Refusals of an end that leave the transaction as it is. */
const NOT_ENDED: ReadonlySet<number> = new Set([
  KafkaErrorCode.concurrentTransactions,
  KafkaErrorCode.coordinatorLoadInProgress,
])

/**
 * One transaction from its first request to its end: what belongs to it is named first, then records and offsets are written
 * beside each other, and once all is acknowledged the transaction is committed.
 */
export class TransactionRun {
  readonly #transaction: Transaction
  readonly #options: TransactionRunOptions
  readonly #deadlineMs: number

  constructor(transaction: Transaction, options: TransactionRunOptions) {
    this.#transaction = { ...transaction, batches: transaction.batches.filter(({ count }) => count > 0) }
    this.#options = options
    this.#deadlineMs = options.link.time.nowMs() + options.timeoutMs
  }

  /**
   * Resolves when the transaction is committed. Rejects, when nothing of it is under way any more, with what was refused, or with
   * `OutcomeUnknown`.
   */
  async finished(): Promise<void> {
    const { batches, offsets } = this.#transaction
    if (batches.length === 0 && offsets.length === 0) return
    await allOf([
      ...(batches.length > 0 ? [this.#addPartitions()] : []),
      ...(offsets.length > 0 ? [this.#addOffsets()] : []),
    ])
    await allOf([
      ...(batches.length > 0 ? [this.#produce()] : []),
      ...(offsets.length > 0 ? [this.#writeOffsets()] : []),
    ])
    await this.#end()
  }

  async #addPartitions(): Promise<void> {
    const { owner, coordinator } = this.#options
    const partitions = new Map(this.#transaction.batches.map((batch) => [partitionName(batch), batch]))
    const call = addPartitionsToTxnCall(owner, [...partitions.values()])
    await this.#repeat(call.apiName, async () => {
      this.#refuseAny(await coordinator.ask(asked({ call, errorCodesOf: errorCodes })))
    })
  }

  async #addOffsets(): Promise<void> {
    const { owner, coordinator } = this.#options
    const call = addOffsetsToTxnCall(owner, this.#transaction.groupId)
    await this.#repeat(call.apiName, async () => {
      const errorCode = await coordinator.ask(asked({ call, errorCodesOf: (code) => [code] }))
      if (errorCode !== KafkaErrorCode.none) throw kafkaError(errorCode, `${this.#subject}: ${call.apiName}`)
    })
  }

  async #produce(): Promise<void> {
    const { link, owner, sequences, compression } = this.#options
    const { transactionalId, producerId, producerEpoch } = owner
    const run = new ProduceRun({ link, deliveryTimeoutMs: this.#leftMs, transactionalId, whenLost: unknownOutcome })
    for (const batch of this.#transaction.batches) {
      const baseSequence = sequences.take(batch, batch.count)
      run.add({
        batch,
        ...compressed(batch, compression),
        producerId,
        producerEpoch,
        baseSequence,
        transactional: true,
      })
    }
    await run.finished()
  }

  async #writeOffsets(): Promise<void> {
    const { owner, groupCoordinator } = this.#options
    const call = txnOffsetCommitCall(owner, this.#transaction.groupId, this.#transaction.offsets)
    await this.#repeat(call.apiName, async () => {
      this.#refuseAny(await groupCoordinator.ask(asked({ call, errorCodesOf: errorCodes })))
    })
  }

  async #end(): Promise<void> {
    const { owner, coordinator } = this.#options
    const call = endTxnCall(owner, 'commit')
    await this.#repeat(call.apiName, async () => {
      const errorCode = await coordinator.ask(
        asked({ call, errorCodesOf: (code) => (NOT_ENDED.has(code) ? [code] : []) }),
      )
      if (errorCode === KafkaErrorCode.none) return
      const refusal = kafkaError(errorCode, `${this.#subject}: ${call.apiName}`)
      // A coordinator that moves, or waits for its replicas in vain, may have decided on the commit already.
      throw NOT_ENDED.has(errorCode) ? refusal : unknownOutcome(refusal)
    })
  }

  /** Throws the first refusal that says why; those that only follow from another one come last. */
  #refuseAny(results: readonly PartitionResult[]): void {
    const refused = results.filter(({ errorCode }) => errorCode !== KafkaErrorCode.none)
    const first = refused.find(({ errorCode }) => errorCode !== KafkaErrorCode.operationNotAttempted) ?? refused[0]
    if (first !== undefined) throw kafkaError(first.errorCode, `${this.#subject}: ${partitionName(first)}`)
  }

  async #repeat(step: string, operation: () => Promise<void>): Promise<void> {
    const { link } = this.#options
    await retryQuickly(operation, { link, subject: `${this.#subject}: ${step}`, forMs: this.#leftMs })
  }

  get #leftMs(): number {
    return this.#deadlineMs - this.#options.link.time.nowMs()
  }

  get #subject(): string {
    return `transactional id ${this.#options.owner.transactionalId}`
  }
}

function asked<T>(question: Question<T>): Question<T> {
  return { ...question, whenLost: unknownOutcome }
}

function unknownOutcome(error: unknown): unknown {
  if (!(error instanceof StreamsError) || !error.retriable) return error
  return new OutcomeUnknown(error.message, { cause: error })
}

const errorCodes = (results: readonly PartitionResult[]) => results.map(({ errorCode }) => errorCode)

/** Waits for each of the steps, whatever becomes of the others; a refusal for good comes before what may be transient. */
async function allOf(steps: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(steps)
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  const final = failures.find((failure) => failure instanceof StreamsError && !failure.retriable)
  if (failures.length > 0) throw final ?? failures[0]
}
