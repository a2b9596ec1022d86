import { RecordBatchBuilder, type CommittedOffset, type OutputBatch, type Transaction } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { BatchAttribute, BatchHeader } from './batch-format.ts'
import { connectionLost, FakeCluster, type Answer } from './fake-cluster.ts'
import { ManualTime } from './manual-time.ts'
import { TransactionalProducer } from './transactional-producer.ts'

const RETRIABLE = { code: 'broker-unavailable', retriable: true }
const FENCED = { code: 'fenced', retriable: false }
const STEPS = ['AddPartitionsToTxn', 'AddOffsetsToTxn', 'Produce', 'TxnOffsetCommit', 'EndTxn']

function batchFor(partition: number, count = 1): OutputBatch {
  const builder = new RecordBatchBuilder('t', partition)
  const valueBytes = Buffer.from('value')
  for (let index = 0; index < count; index++) builder.append({ key: null, valueBytes, valueLength: 5, timestampMs: 0 })
  return builder.batch()
}

const offsets: CommittedOffset[] = [{ topic: 'in', partition: 0, offset: 5, metadata: '' }]
const transaction = (...batches: OutputBatch[]): Transaction => ({ batches, groupId: 'g', offsets })

interface Produced {
  readonly transactionalId: string | null
  readonly partition: number
  readonly transactional: boolean
  readonly epoch: number
  readonly sequence: number
}

/** A coordinator of transactions that says yes, and gives each `init` a new epoch, until the test scripts something else. */
function transacting(time = new ManualTime({ skipping: true })) {
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

const refusing = (apiName: string, errorCode: number): Answer => {
  if (apiName === 'AddOffsetsToTxn' || apiName === 'EndTxn') return () => errorCode
  if (apiName !== 'Produce') return () => [{ topic: 't', partition: 0, errorCode }]
  return () => [{ topic: 't', partition: 0, errorCode, baseOffset: -1, errorMessage: null }]
}

test('init gives the producer id and the epoch that fences earlier owners', async () => {
  const { producer } = transacting()
  expect(await producer.init()).toEqual({ producerId: 4_000n, epoch: 0 })
  expect(await producer.init()).toEqual({ producerId: 4_000n, epoch: 1 })
})

test('names what belongs to the transaction, then writes records and offsets, then ends it', async () => {
  const { producer, asked, produced } = transacting()
  await producer.init()
  await producer.commit(transaction(batchFor(0, 3), batchFor(0)))
  const order = asked()
  expect(new Set(order.slice(0, 2))).toEqual(new Set(STEPS.slice(0, 2)))
  expect(order.slice(2, -1).sort()).toEqual(['Produce', 'Produce', 'TxnOffsetCommit'])
  expect(order.at(-1)).toBe('EndTxn')
  const written = { transactionalId: 'x', partition: 0, transactional: true, epoch: 0 }
  expect(produced).toEqual([
    { ...written, sequence: 0 },
    { ...written, sequence: 3 },
  ])
})

test('names each partition once, however many batches it gets', async () => {
  const { producer, cluster } = transacting()
  const named: number[][] = []
  cluster.answers.set('AddPartitionsToTxn', ({ body }) => {
    body.string()
    body.int64()
    body.int16()
    body.array(() => {
      body.string()
      named.push(body.array(() => body.int32()))
    })
    return []
  })
  await producer.init()
  await producer.commit(transaction(batchFor(1), batchFor(0), batchFor(1), batchFor(0, 0)))
  expect(named).toEqual([[1, 0]])
})

test('offsets alone are a transaction; records alone too; nothing at all is none', async () => {
  const { producer, asked, cluster } = transacting()
  await producer.init()
  await producer.commit(transaction(batchFor(0, 0)))
  expect(asked()).toEqual(['AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'])
  cluster.asked.length = 0
  await producer.commit({ batches: [batchFor(0)], groupId: 'g', offsets: [] })
  expect(asked()).toEqual(['AddPartitionsToTxn', 'Produce', 'EndTxn'])
  cluster.asked.length = 0
  await producer.commit({ batches: [], groupId: 'g', offsets: [] })
  expect(asked()).toEqual([])
})

test.each(['AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'])(
  'repeats %s within milliseconds while the transaction before is being ended',
  async (apiName) => {
    const { producer, cluster, first } = transacting()
    await producer.init()
    const startMs = cluster.time.nowMs()
    first(apiName, 3, refusing(apiName, 51))
    await producer.commit(transaction(batchFor(0)))
    expect(cluster.count(apiName)).toBe(4)
    expect(cluster.time.nowMs() - startMs).toBeLessThan(5 + 7.5 + 11.25)
    expect(cluster.logged.filter(({ level }) => level === 'warn')).toEqual([])
  },
)

test.each(['AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit'])(
  'looks the coordinator up anew and repeats %s when it has moved',
  async (apiName) => {
    const { producer, cluster, first } = transacting()
    await producer.init()
    const found = cluster.count('FindCoordinator')
    first(apiName, 1, refusing(apiName, 16))
    await producer.commit(transaction(batchFor(0)))
    // Once for the group, once more for the one that has moved.
    expect(cluster.count('FindCoordinator')).toBe(found + 2)
  },
)

test('init waits for the end of the transaction that an earlier owner left, and for a coordinator that starts', async () => {
  const { producer, cluster, first } = transacting()
  const answers = [51, 51, 14, 15, 16]
  first('InitProducerId', 5, () => ({ errorCode: answers.shift(), producerId: -1, producerEpoch: -1 }))
  expect(await producer.init()).toEqual({ producerId: 4_000n, epoch: 0 })
  expect(cluster.count('InitProducerId')).toBe(6)
})

test.each(STEPS)('a lost %s is never repeated: the producer is of no use before the next init', async (apiName) => {
  const { producer, cluster, produced, first } = transacting()
  await producer.init()
  await producer.commit(transaction(batchFor(0, 7)))
  const before = cluster.count(apiName)
  first(apiName, 1, () => {
    throw connectionLost()
  })
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(RETRIABLE)
  expect(cluster.count(apiName)).toBe(before + 1)
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject({ code: 'protocol' })
  expect(await producer.init()).toMatchObject({ epoch: 1 })
  await producer.commit(transaction(batchFor(0)))
  expect(produced.at(-1)).toMatchObject({ epoch: 1, sequence: 0 })
})

test.each([15, 16])('an end answered with %i may have been decided on: it is not repeated', async (errorCode) => {
  const { producer, cluster, first } = transacting()
  await producer.init()
  first('EndTxn', 1, refusing('EndTxn', errorCode))
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(RETRIABLE)
  expect(cluster.count('EndTxn')).toBe(1)
})

test.each(STEPS.flatMap((step) => [47, 90].map((errorCode) => [step, errorCode] as const)))(
  '%s refused with %i: another producer has taken over, and this one is finished',
  async (apiName, errorCode) => {
    const { producer, cluster, first } = transacting()
    await producer.init()
    first(apiName, 1, refusing(apiName, errorCode))
    await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(FENCED)
    if (apiName !== 'EndTxn') expect(cluster.count('EndTxn')).toBe(0)
    const requests = cluster.asked.length
    await expect(producer.init()).rejects.toMatchObject(FENCED)
    await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(FENCED)
    expect(cluster.asked).toHaveLength(requests)
  },
)

test('records are sent while the transaction is open, its partitions named once; the commit has only the rest to do', async () => {
  const { producer, asked, cluster, produced } = transacting()
  await producer.init()
  await producer.send([batchFor(0, 2), batchFor(1)])
  await producer.send([batchFor(1)])
  await producer.send([])
  const [named, ...sent] = asked()
  expect([named, new Set(sent)]).toEqual(['AddPartitionsToTxn', new Set(['Produce'])])
  cluster.asked.length = 0
  await producer.commit(transaction(batchFor(0)))
  expect(asked().sort()).toEqual(['AddOffsetsToTxn', 'EndTxn', 'Produce', 'TxnOffsetCommit'])
  await producer.send([batchFor(0)])
  expect(cluster.count('AddPartitionsToTxn')).toBe(1)
  const ofPartition = produced.filter(({ partition }) => partition === 0)
  expect(ofPartition.map(({ sequence }) => sequence)).toEqual([0, 2, 3])
})

test('sends that come during a request wait, and go out together; a commit waits for all of them', async () => {
  const { producer, asked, cluster } = transacting()
  await producer.init()
  const usual = cluster.answers.get('Produce')!
  const gate = Promise.withResolvers<void>()
  cluster.answers.set('Produce', async (request) => {
    await gate.promise
    return usual(request)
  })
  const sends = [0, 0, 0].map((partition) => producer.send([batchFor(partition)]))
  const others = [1, 1].map(() => producer.send([batchFor(1)]))
  const commit = producer.commit({ batches: [], groupId: 'g', offsets: [] })
  await new Promise(setImmediate)
  expect(asked()).toEqual(['AddPartitionsToTxn', 'Produce'])
  gate.resolve()
  await Promise.all([...sends, ...others, commit])
  // One more each for the second and third batch of partition 0, beside those for partition 1.
  expect(asked().slice(2)).toEqual(['AddPartitionsToTxn', 'Produce', 'Produce', 'Produce', 'Produce', 'EndTxn'])
})

test.each(['AddPartitionsToTxn', 'Produce'])(
  'a send whose %s is lost rejects what waits, and the commit; nothing is repeated or committed before init',
  async (apiName) => {
    const { producer, cluster, first, produced } = transacting()
    await producer.init()
    first(apiName, 1, () => {
      throw connectionLost()
    })
    const sends = [producer.send([batchFor(0)]), producer.send([batchFor(0)])]
    for (const outcome of await Promise.allSettled(sends)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: RETRIABLE })
    }
    expect(cluster.count(apiName)).toBe(1)
    const requests = cluster.asked.length
    await expect(producer.send([batchFor(0)])).rejects.toMatchObject(RETRIABLE)
    expect(cluster.asked).toHaveLength(requests)
    await expect(producer.commit({ ...transaction(batchFor(0)), offsets: [] })).rejects.toMatchObject(RETRIABLE)
    expect(cluster.asked).toHaveLength(requests)
    await expect(producer.send([batchFor(0)])).rejects.toMatchObject({ code: 'protocol' })
    await producer.init()
    await producer.send([batchFor(0)])
    expect(produced.at(-1)).toMatchObject({ epoch: 1, sequence: 0 })
  },
)

test.each(['AddPartitionsToTxn', 'Produce'])('a send whose %s is fenced finishes the producer', async (apiName) => {
  const { producer, cluster, first } = transacting()
  await producer.init()
  first(apiName, 1, refusing(apiName, 90))
  await expect(producer.send([batchFor(0)])).rejects.toMatchObject(FENCED)
  const requests = cluster.asked.length
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(FENCED)
  await expect(producer.init()).rejects.toMatchObject(FENCED)
  await producer.close()
  expect(cluster.asked).toHaveLength(requests)
})

test('init rejects sends that wait, once none of their records is under way', async () => {
  const { producer, cluster } = transacting()
  await producer.init()
  const usual = cluster.answers.get('Produce')!
  const gate = Promise.withResolvers<void>()
  cluster.answers.set('Produce', async (request) => {
    await gate.promise
    return usual(request)
  })
  const underWay = producer.send([batchFor(0)])
  const waiting = expect(producer.send([batchFor(0)])).rejects.toThrow('given up')
  const init = producer.init()
  await waiting
  await new Promise(setImmediate)
  expect(cluster.count('InitProducerId')).toBe(1)
  gate.resolve()
  await underWay
  expect(await init).toMatchObject({ epoch: 1 })
})

test('close aborts what was sent, and has nothing to abort where nothing was, or all is committed', async () => {
  const ends: boolean[] = []
  const closed = async (use: (producer: TransactionalProducer) => Promise<void>) => {
    const { producer, cluster } = transacting(new ManualTime())
    cluster.answers.set('EndTxn', ({ body }) => {
      body.string()
      body.int64()
      body.int16()
      ends.push(body.bool())
      return 0
    })
    await producer.init()
    await use(producer)
    ends.length = 0
    await producer.close()
    return ends.slice()
  }
  expect(await closed((producer) => producer.send([batchFor(0)]))).toEqual([false])
  expect(await closed((producer) => producer.commit(transaction(batchFor(0))))).toEqual([])
  expect(await closed(async () => {})).toEqual([])
})

test.each([
  ['that is lost', () => Promise.reject(connectionLost())],
  ['that does not come', () => new Promise(() => {})],
])(
  'close gives up after two seconds with an answer to its abort %s: the broker finds out by itself',
  async (_, answer) => {
    const time = new ManualTime()
    const { producer, cluster } = transacting(time)
    await producer.init()
    await producer.send([batchFor(0)])
    cluster.answers.set('EndTxn', answer)
    const close = producer.close()
    for (let waitedMs = 0; waitedMs < 2_000; waitedMs += 100) await time.advance(100)
    await close
  },
)

test('a refusal for good comes before what may be transient, and nothing is committed', async () => {
  const { producer, cluster, first } = transacting()
  await producer.init()
  first('TxnOffsetCommit', 1, () => {
    throw connectionLost()
  })
  first('Produce', 1, refusing('Produce', 10))
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject({ code: 'record-too-large' })
  expect(cluster.count('EndTxn')).toBe(0)
})

test('gives up, retriable, when the broker would abort the transaction by itself', async () => {
  const { producer, cluster } = transacting()
  await producer.init()
  const startMs = cluster.time.nowMs()
  cluster.answers.set('Produce', refusing('Produce', 19))
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(RETRIABLE)
  expect(cluster.time.nowMs() - startMs).toBeGreaterThan(13_000)
  expect(cluster.time.nowMs() - startMs).toBeLessThanOrEqual(15_000)
})

test('refuses a commit before init, beside another, and after close; no send goes beside one', async () => {
  const { producer } = transacting()
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toThrow('transactional id x: init comes before')
  await producer.init()
  const commit = producer.commit(transaction(batchFor(0)))
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toThrow('beside init or commit')
  await expect(producer.send([batchFor(0)])).rejects.toThrow('send was called beside init or commit')
  await commit
  await producer.close()
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toThrow('closed')
})
