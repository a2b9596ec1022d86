import { RecordBatchBuilder, type OutputBatch } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { BatchHeader } from './batch-format.ts'
import { connectionLost, FakeCluster, type Asked } from './fake-cluster.ts'
import { IdempotentProducer } from './idempotent-producer.ts'

interface Written {
  readonly nodeId: number
  readonly partition: number
  readonly sequence: number
  readonly producerId: number
  readonly count: number
}

function batchFor(partition: number, count = 1, valueLength = 10): OutputBatch {
  const builder = new RecordBatchBuilder('t', partition)
  const valueBytes = Buffer.alloc(valueLength)
  for (let index = 0; index < count; index++) builder.append({ key: null, valueBytes, valueLength, timestampMs: 0 })
  return builder.batch()
}

/** What a produce request asks to write, in its order. */
function written({ nodeId, body }: Asked): Written[] {
  body.nullableString() // transactional_id
  body.int16() // acks
  body.int32() // timeout_ms
  const topics = body.array(() => {
    body.string()
    return body.array(() => {
      const partition = body.int32()
      const batch = body.nullableBytes()!
      return {
        nodeId,
        partition,
        producerId: Number(batch.readBigInt64BE(BatchHeader.producerId)),
        sequence: batch.readInt32BE(BatchHeader.baseSequence),
        count: batch.readInt32BE(BatchHeader.recordCount),
      }
    })
  })
  return topics.flat()
}

function producing({ refuse = (_: Written): number => 0, leaders = [1, 2] } = {}) {
  const cluster = new FakeCluster({ leaders })
  const log: Written[] = []
  cluster.answers.set('InitProducerId', () => ({ errorCode: 0, producerId: 4_000, producerEpoch: 0 }))
  cluster.answers.set('Produce', (asked) =>
    written(asked).map((batch) => {
      const errorCode = refuse(batch)
      if (errorCode === 0) log.push(batch)
      return { topic: 't', partition: batch.partition, errorCode, baseOffset: 0, errorMessage: null }
    }),
  )
  const options = { compression: 'none', deliveryTimeoutMs: 120_000, onClosed: async () => {} } as const
  return { cluster, log, producer: new IdempotentProducer({ link: cluster.link, ...options }) }
}

const sequencesOf = (log: readonly Written[], partition: number) =>
  log.filter((batch) => batch.partition === partition).map(({ sequence }) => sequence)

test('brings each batch to the leader of its partition, with one producer id and a sequence per partition', async () => {
  const { producer, log } = producing()
  await producer.send([batchFor(0, 3), batchFor(1, 2), batchFor(0, 1)])
  await producer.send([batchFor(0, 1)])
  expect(new Set(log.map(({ producerId }) => producerId))).toEqual(new Set([4_000]))
  expect(log.filter(({ partition }) => partition === 0).map(({ nodeId }) => nodeId)).toEqual([1, 1, 1])
  expect(sequencesOf(log, 0)).toEqual([0, 3, 4])
  expect(sequencesOf(log, 1)).toEqual([0])
})

test('has at most one batch of a partition under way, and one request at a leader', async () => {
  const { producer, cluster } = producing({ leaders: [1, 1] })
  await producer.send([batchFor(0), batchFor(0), batchFor(1), batchFor(1), batchFor(1)])
  expect(cluster.count('Produce')).toBe(3)
})

test('a request stays below 4 MiB unless one batch is larger', async () => {
  const { producer, cluster } = producing({ leaders: [1, 1, 1] })
  const big = 3 * 1024 * 1024
  await producer.send([batchFor(0, 1, big), batchFor(1, 1, big), batchFor(2, 1, 2 * big)])
  expect(cluster.count('Produce')).toBe(3)
})

test('repeats a batch with the same sequence after its answer was lost, before the next one of its partition', async () => {
  const { producer, cluster, log } = producing()
  const answer = cluster.answers.get('Produce')!
  cluster.answers.set('Produce', (asked) => {
    if (cluster.count('Produce') === 1) {
      answer(asked)
      throw connectionLost()
    }
    return answer(asked)
  })
  await producer.send([batchFor(0, 2), batchFor(0, 5)])
  expect(sequencesOf(log, 0)).toEqual([0, 0, 2])
})

test('a batch that the log has already counts as written', async () => {
  const { producer } = producing({ refuse: () => 46 })
  await expect(producer.send([batchFor(0)])).resolves.toBeUndefined()
})

test('looks the leader up anew when it has moved, and sends there', async () => {
  const { producer, cluster, log } = producing({
    refuse: ({ nodeId, partition }) => (nodeId === 1 && partition === 0 ? 6 : 0),
  })
  await cluster.link.refresh(['t'])
  cluster.leaders = [2, 2]
  await producer.send([batchFor(0), batchFor(1)])
  expect(log.every(({ nodeId }) => nodeId === 2)).toBe(true)
  expect(sequencesOf(log, 0)).toEqual([0])
  expect(sequencesOf(log, 1)).toEqual([0])
})

test('gives up after deliveryTimeoutMs, naming what it was waiting for, and not before', async () => {
  const { producer, cluster } = producing({ refuse: () => 19 })
  const startMs = cluster.time.nowMs()
  await expect(producer.send([batchFor(1)])).rejects.toMatchObject({
    code: 'retries-exhausted',
    retriable: false,
    message: expect.stringMatching(/120000 ms.*topic t partition 1.*NOT_ENOUGH_REPLICAS/),
  })
  expect(cluster.time.nowMs() - startMs).toBeGreaterThan(118_000)
})

test('a batch that is too large is an error that names topic, size and setting', async () => {
  const { producer } = producing({ refuse: () => 10 })
  await expect(producer.send([batchFor(1, 7)])).rejects.toMatchObject({
    code: 'record-too-large',
    message: expect.stringMatching(/topic t partition 1: a batch of 7 records, \d+ bytes.*max\.message\.bytes/),
  })
})

test.each([45, 47, 59, 90])('error code %i of a producer that lost its place stops it for good', async (errorCode) => {
  const { producer, cluster } = producing({ refuse: () => errorCode })
  await expect(producer.send([batchFor(0)])).rejects.toMatchObject({ code: 'fenced', retriable: false })
  const requests = cluster.count('Produce')
  await expect(producer.send([batchFor(1)])).rejects.toMatchObject({ code: 'fenced' })
  expect(cluster.count('Produce')).toBe(requests)
})

test('refuses a send beside another', async () => {
  const { producer } = producing()
  const first = producer.send([batchFor(0)])
  await expect(producer.send([batchFor(0)])).rejects.toThrow('another send is under way')
  await first
})

test('sends nothing for batches without records', async () => {
  const { producer, cluster } = producing()
  await producer.send([batchFor(0, 0)])
  expect(cluster.count('Produce')).toBe(0)
})
