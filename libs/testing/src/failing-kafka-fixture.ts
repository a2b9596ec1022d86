import type { StreamsError, TransactionalProducerOptions, TransactionalProducerPort } from '@tidemark/streams'
import { InMemoryKafka } from './in-memory-kafka.ts'

/** A Kafka whose next transaction fails, after it was committed or before. */
export class FailingKafka extends InMemoryKafka {
  opened = 0
  failNext: { readonly error: StreamsError; readonly isCommitted: boolean } | undefined

  override transactionalProducer(options: TransactionalProducerOptions): TransactionalProducerPort {
    const producer = super.transactionalProducer(options)
    this.opened++
    return {
      ...producer,
      commit: async (transaction) => {
        const failure = this.failNext
        this.failNext = undefined
        if (failure === undefined || failure.isCommitted) await producer.commit(transaction)
        if (failure !== undefined) throw failure.error
      },
    }
  }
}
