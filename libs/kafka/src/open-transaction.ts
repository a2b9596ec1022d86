import { StreamsError, type OutputBatch, type TopicPartition, type Transaction } from '@tidemark/streams'
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

export interface OpenTransactionOptions {
  readonly link: ClusterLink
  readonly owner: TransactionWriter
  /** Of the transactional id. */
  readonly coordinator: Coordinator
  groupCoordinator(groupId: string): Coordinator
  readonly sequences: Sequences
  /** What it will probably have records in. */
  readonly expected: readonly TopicPartition[]
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

/** How long `abort` takes at most: after that readers wait for the broker's own timeout. */
const ABORT_FOR_MS = 2_000

interface WaitingBatches {
  readonly batches: readonly OutputBatch[]
  resolve(): void
  reject(error: unknown): void
}

/**
 * One transaction, which the broker hears of with the first records or offsets. Partitions are named before records go to them, each
 * once; once all is acknowledged the transaction is committed.
 */
export class OpenTransaction {
  readonly owner: TransactionWriter
  readonly sequences: Sequences
  readonly #options: OpenTransactionOptions
  /** What belongs to it, partitions by their names. */
  readonly #partitions = new Map<string, TopicPartition>()
  readonly #groups = new Set<string>()
  /** Names of the partitions that were written to. */
  readonly #written = new Set<string>()
  #beginning: Promise<void> | undefined
  #waiting: WaitingBatches[] = []
  #sending: Promise<void> | undefined
  /** Everything of the commit but its end. */
  #completing: Promise<void> | undefined
  /** Undefined while the broker has heard nothing of it. */
  #deadlineMs: number | undefined
  #failure: { readonly error: unknown } | undefined
  /** A request was not answered: it may still arrive. */
  #isUnknown = false
  #isEnding = false

  constructor(options: OpenTransactionOptions) {
    this.owner = options.owner
    this.sequences = options.sequences
    this.#options = options
  }

  /** True where it may be committed, as far as is known. */
  get isSound(): boolean {
    return this.#failure === undefined
  }

  /** The partitions that it has records in. */
  get partitions(): TopicPartition[] {
    return [...this.#partitions].filter(([name]) => this.#written.has(name)).map(([, partition]) => partition)
  }

  /** Names the group and the expected partitions to the broker, beside whatever comes next. A failure is the commit's. */
  begin(groupId: string): void {
    if (this.#beginning !== undefined || this.#sending !== undefined || this.#failure !== undefined) return
    const named = [this.#addOffsets(groupId), this.#addPartitions(this.#options.expected)]
    this.#beginning = allOf(named).catch((error: unknown) => this.#fail(error))
  }

  /**
   * Resolves when the records are acknowledged. Several calls may be under way: what comes during a request waits, and goes out together,
   * in the order of the calls. After a rejection it can't be committed.
   */
  async send(batches: readonly OutputBatch[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    const filled = batches.filter(({ count }) => count > 0)
    if (filled.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ batches: filled, resolve, reject })
    this.#sending ??= this.#sendWaiting()
    await promise
  }

  /**
   * Writes the rest, and the offsets beside it, and commits. Rejects, when nothing of it is under way any more, with what was refused, or
   * with `OutcomeUnknown`.
   */
  async commit({ batches, groupId, offsets }: Transaction): Promise<void> {
    this.#completing = allOf([
      this.send(batches),
      // What was sent before may still be under way.
      this.#sending ?? this.#begun(),
      ...(offsets.length > 0 ? [this.#writeOffsets(groupId, offsets)] : []),
    ]).catch((error: unknown) => this.#fail(error))
    await this.#completing
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#deadlineMs !== undefined) await this.#end()
  }

  /** Sends no more of it. Resolves when none of its records and offsets is under way. */
  async abandon(): Promise<void> {
    this.#fail(new StreamsError('protocol', `${this.#subject}: the transaction was given up`))
    await this.#sending
    await this.#beginning
    await this.#completing
  }

  /**
   * Tells the broker that nothing of this will be committed, if it can be told within two seconds. Not where a request may still arrive:
   * behind an abort of the same epoch it would belong to the next transaction. The next `init`, with a higher epoch, ends that one. Never rejects.
   */
  async abort(): Promise<void> {
    const { time } = this.#options.link
    const told = new AbortController()
    const telling = this.#tellOfAbort().finally(() => told.abort())
    await Promise.race([telling, time.wait(ABORT_FOR_MS, told.signal)])
  }

  async #tellOfAbort(): Promise<void> {
    await this.abandon()
    if (this.#deadlineMs === undefined || this.#isEnding || this.#isUnknown) return
    const { link, owner, coordinator } = this.#options
    const call = endTxnCall(owner, 'abort')
    const ask = async () => {
      const errorCode = await coordinator.ask({ call, errorCodesOf: (code) => [code] })
      if (errorCode !== KafkaErrorCode.none) throw kafkaError(errorCode, `${this.#subject}: ${call.apiName}`)
    }
    await retryQuickly(ask, { link, subject: this.#subject, forMs: ABORT_FOR_MS }).catch((error: unknown) => {
      link.logger.debug({ err: error }, `${this.#subject}: the broker was not told of the abort: it finds out itself`)
    })
  }

  /** Sends what waits, and what has come in the meantime, until nothing does. Never rejects. */
  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const sent = this.#waiting
      this.#waiting = []
      try {
        await this.#produce(sent.flatMap(({ batches }) => batches))
        for (const { resolve } of sent) resolve()
      } catch (error) {
        for (const { reject } of sent) reject(error)
        this.#fail(error)
      }
    }
    this.#sending = undefined
  }

  /** What `begin` has asked for must be answered before anything else is asked for. */
  async #begun(): Promise<void> {
    await this.#beginning
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** From here on nothing is sent, and nothing can be committed. */
  #fail(error: unknown): void {
    this.#failure ??= { error }
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  async #produce(batches: readonly OutputBatch[]): Promise<void> {
    await this.#begun()
    await this.#addPartitions(batches)
    for (const batch of batches) this.#written.add(partitionName(batch))
    const { link, owner, sequences, compression } = this.#options
    const { transactionalId, producerId, producerEpoch } = owner
    const run = new ProduceRun({
      link,
      deliveryTimeoutMs: this.#leftMs(),
      transactionalId,
      whenLost: this.#unknownOutcome,
    })
    for (const batch of batches) {
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

  async #addPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const named = new Map(
      partitions.map(({ topic, partition }) => [partitionName({ topic, partition }), { topic, partition }]),
    )
    for (const name of this.#partitions.keys()) named.delete(name)
    if (named.size === 0) return
    const { owner, coordinator } = this.#options
    const call = addPartitionsToTxnCall(owner, [...named.values()])
    await this.#repeat(call.apiName, async () => {
      this.#refuseAny(await coordinator.ask(this.#asked({ call, errorCodesOf: errorCodes })))
    })
    for (const [name, partition] of named) this.#partitions.set(name, partition)
  }

  async #addOffsets(groupId: string): Promise<void> {
    if (this.#groups.has(groupId)) return
    const { owner, coordinator } = this.#options
    const call = addOffsetsToTxnCall(owner, groupId)
    await this.#repeat(call.apiName, async () => {
      const errorCode = await coordinator.ask(this.#asked({ call, errorCodesOf: (code) => [code] }))
      if (errorCode !== KafkaErrorCode.none) throw kafkaError(errorCode, `${this.#subject}: ${call.apiName}`)
    })
    this.#groups.add(groupId)
  }

  async #writeOffsets(groupId: string, offsets: Transaction['offsets']): Promise<void> {
    await this.#begun()
    await this.#addOffsets(groupId)
    const { owner, groupCoordinator } = this.#options
    const call = txnOffsetCommitCall(owner, groupId, offsets)
    await this.#repeat(call.apiName, async () => {
      this.#refuseAny(await groupCoordinator(groupId).ask(this.#asked({ call, errorCodesOf: errorCodes })))
    })
  }

  async #end(): Promise<void> {
    this.#isEnding = true
    const { owner, coordinator } = this.#options
    const call = endTxnCall(owner, 'commit')
    await this.#repeat(call.apiName, async () => {
      const errorCode = await coordinator.ask(
        this.#asked({ call, errorCodesOf: (code) => (NOT_ENDED.has(code) ? [code] : []) }),
      )
      if (errorCode === KafkaErrorCode.none) return
      const refusal = kafkaError(errorCode, `${this.#subject}: ${call.apiName}`)
      // A coordinator that moves, or waits for its replicas in vain, may have decided on the commit already.
      throw NOT_ENDED.has(errorCode) ? refusal : this.#unknownOutcome(refusal)
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
    await retryQuickly(operation, { link, subject: `${this.#subject}: ${step}`, forMs: this.#leftMs() })
  }

  #asked<T>(question: Question<T>): Question<T> {
    return { ...question, whenLost: this.#unknownOutcome }
  }

  /** Noted here, where it is made: what the caller is told of may be another failure, of something beside it. */
  readonly #unknownOutcome = (error: unknown): unknown => {
    if (!(error instanceof StreamsError) || !(error.retriable || error.code === 'broker-unavailable')) return error
    this.#isUnknown = true
    // What ends with its client is as unknown, but nobody is there to start anew.
    return error.retriable ? new OutcomeUnknown(error.message, { cause: error }) : error
  }

  /** How long the broker waits for its end: counted from the first request, which is about to be made if none was. */
  #leftMs(): number {
    const nowMs = this.#options.link.time.nowMs()
    this.#deadlineMs ??= nowMs + this.#options.timeoutMs
    return this.#deadlineMs - nowMs
  }

  get #subject(): string {
    return `transactional id ${this.#options.owner.transactionalId}`
  }
}

const errorCodes = (results: readonly PartitionResult[]) => results.map(({ errorCode }) => errorCode)

/** Waits for each of the steps, whatever becomes of the others; a refusal for good comes before what may be transient. */
async function allOf(steps: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(steps)
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  const final = failures.find((failure) => failure instanceof StreamsError && !failure.retriable)
  if (failures.length > 0) throw final ?? failures[0]
}
