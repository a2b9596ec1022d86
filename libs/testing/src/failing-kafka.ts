import type { StreamsError, TransactionalProducerOptions, TransactionalProducerPort } from '@tidemark/streams'
import { InMemoryKafka } from './in-memory-kafka.ts'

/** An `InMemoryKafka` on which commits of transactions fail, for tests of what an application makes of it. */
export class FailingKafka extends InMemoryKafka {
  /** How many transactional producers there were: one for each start of a task. */
  opened = 0
  /** What the next commit fails with, once, and whether it was carried out before, so that only its answer is lost. */
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
