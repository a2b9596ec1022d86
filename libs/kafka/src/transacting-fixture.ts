import { RecordBatchBuilder, type CommittedOffset, type OutputBatch, type Transaction } from '@tidemark/streams'
import { BatchAttribute, BatchHeader } from './batch-format.ts'
import { FakeCluster, type Answer } from './fake-cluster.ts'
import { ManualTime } from './manual-time.ts'
import { TransactionalProducer } from './transactional-producer.ts'

export const RETRIABLE = { code: 'broker-unavailable', retriable: true }
export const FENCED = { code: 'fenced', retriable: false }
export const STEPS = ['AddPartitionsToTxn', 'AddOffsetsToTxn', 'Produce', 'TxnOffsetCommit', 'EndTxn']

export function batchFor(partition: number, count = 1): OutputBatch {
  const builder = new RecordBatchBuilder('t', partition)
  const valueBytes = Buffer.from('value')
  for (let index = 0; index < count; index++) builder.append({ key: null, valueBytes, valueLength: 5, timestampMs: 0 })
  return builder.batch()
}

const offsets: CommittedOffset[] = [{ topic: 'in', partition: 0, offset: 5, metadata: '' }]
export const transaction = (...batches: OutputBatch[]): Transaction => ({ batches, groupId: 'g', offsets })

interface Produced {
  readonly transactionalId: string | null
  readonly partition: number
  readonly transactional: boolean
  readonly epoch: number
  readonly sequence: number
}

/** A coordinator of transactions that says yes, and gives each `init` a new epoch, until the test scripts something else. */
export function transacting(time = new ManualTime({ skipping: true })) {
  const cluster = new FakeCluster({ time })
  const produced: Produced[] = []
  let epoch = 0
  const accepted = () => [{ topic: 't', partition: 0, errorCode: 0 }]
  const answers: Record<string, Answer> = {
    FindCoordinator: () => ({ errorCode: 0, coordinator: { nodeId: 2, host: 'broker', port: 2, rack: null } }),
    InitProducerId: () => ({ errorCode: 0, producerId: 4_000, producerEpoch: epoch++ }),
    AddPartitionsToTxn: accepted,
    AddOffsetsToTxn: () => 0,
    TxnOffsetCommit: accepted,
    EndTxn: () => 0,
    Produce: ({ body }) => {
      const transactionalId = body.nullableString()
      body.int16()
      body.int32()
      const partitions = body.array(() => {
        body.string()
        return body.array(() => {
          const partition = body.int32()
          const batch = body.nullableBytes()!
          const transactional = (batch.readInt16BE(BatchHeader.attributes) & BatchAttribute.transactional) !== 0
          const sequence = batch.readInt32BE(BatchHeader.baseSequence)
          const writtenEpoch = batch.readInt16BE(BatchHeader.producerEpoch)
          produced.push({ transactionalId, partition, transactional, epoch: writtenEpoch, sequence })
          return { topic: 't', partition, errorCode: 0, baseOffset: 0, errorMessage: null }
        })
      })
      return partitions.flat()
    },
  }
  for (const [apiName, answer] of Object.entries(answers)) cluster.answers.set(apiName, answer)
  const producer = new TransactionalProducer({
    link: cluster.link,
    transactionalId: 'x',
    transactionTimeoutMs: 15_000,
    compression: 'none',
    onClosed: async () => {},
  })
  const asked = () => cluster.asked.map(({ apiName }) => apiName).filter((name) => STEPS.includes(name))
  /** Answers the first `times` of a request so, and then as before. */
  const first = (apiName: string, times: number, answer: Answer) => {
    const usual = cluster.answers.get(apiName)!
    let left = times
    cluster.answers.set(apiName, (request) => (left-- > 0 ? answer(request) : usual(request)))
  }
  return { cluster, producer, produced, asked, first }
}

export const refusing = (apiName: string, errorCode: number): Answer => {
  if (apiName === 'AddOffsetsToTxn' || apiName === 'EndTxn') return () => errorCode
  if (apiName !== 'Produce') return () => [{ topic: 't', partition: 0, errorCode }]
  return () => [{ topic: 't', partition: 0, errorCode, baseOffset: -1, errorMessage: null }]
}
