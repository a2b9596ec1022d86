import { StreamsError, type OutputBatch, type ProducerPort } from '@tidemark/streams'
import type { Compression } from './batch-format.ts'
import { compressed, type ProducerIdentity } from './batch-writer.ts'
import type { ClusterLink } from './cluster-link.ts'
import { kafkaError, KafkaErrorCode } from './kafka-error.ts'
import { ProduceRun } from './produce-run.ts'
import { initProducerIdCall } from './protocol/init-producer-id.ts'
import { Sequences } from './sequences.ts'

export interface IdempotentProducerOptions {
  readonly link: ClusterLink
  readonly compression: Compression
  /** How long a `send` repeats transient errors. */
  readonly deliveryTimeoutMs: number
  /** Called by `close`, at its end. */
  onClosed(): Promise<void>
}

/** `ProducerPort` with one producer id: what it repeats after a lost answer is in the log once, and in order. */
export class IdempotentProducer implements ProducerPort {
  readonly #options: IdempotentProducerOptions
  readonly #sequences = new Sequences()
  #identity: ProducerIdentity | undefined
  #sending = false
  #failure: StreamsError | undefined
  #closing: Promise<void> | undefined

  constructor(options: IdempotentProducerOptions) {
    this.#options = options
  }

  async partitionCount(topic: string): Promise<number> {
    return await this.#options.link.partitionCount(topic)
  }

  async send(batches: readonly OutputBatch[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#sending) throw new StreamsError('protocol', 'send was called while another send is under way')
    this.#sending = true
    try {
      await this.#send(batches)
    } catch (error) {
      // What is in the log is not known any more, and the sequence has a hole where a batch was given up.
      this.#failure = asFailure(error)
      throw this.#failure
    } finally {
      this.#sending = false
    }
  }

  close(): Promise<void> {
    this.#failure ??= new StreamsError('protocol', 'the producer is closed')
    this.#closing ??= this.#options.link.close().then(() => this.#options.onClosed())
    return this.#closing
  }

  async #send(batches: readonly OutputBatch[]): Promise<void> {
    const { link, compression, deliveryTimeoutMs } = this.#options
    const identity = (this.#identity ??= await this.#identify())
    const run = new ProduceRun({ link, deliveryTimeoutMs, transactionalId: null })
    for (const batch of batches) {
      if (batch.count === 0) continue
      const baseSequence = this.#sequences.take(batch, batch.count)
      run.add({ batch, ...compressed(batch, compression), ...identity, baseSequence, transactional: false })
    }
    await run.finished()
  }

  async #identify(): Promise<ProducerIdentity> {
    const { link } = this.#options
    return await link.retry('producer id', async () => {
      const { errorCode, producerId, producerEpoch } = await link.sendToAny(initProducerIdCall())
      if (errorCode !== KafkaErrorCode.none) throw kafkaError(errorCode, 'producer id')
      return { producerId, producerEpoch }
    })
  }
}

/** A producer that has failed does not come back, whatever the cause: nothing it throws is retriable. */
function asFailure(error: unknown): StreamsError {
  if (error instanceof StreamsError && !error.retriable) return error
  const [code, reason] =
    error instanceof StreamsError ? ([error.code, error.message] as const) : (['protocol', String(error)] as const)
  return new StreamsError(code, reason, { cause: error })
}
