import { StreamsError } from '@tidemark/streams'
import { expect, test } from 'vitest'
import { connectionLost, type Answer } from './fake-cluster.ts'
import { ManualTime } from './manual-time.ts'
import type { TransactionalProducer } from './transactional-producer.ts'
import { batchFor, FENCED, refusing, RETRIABLE, transacting, transaction } from './transacting-fixture.ts'

const MESSAGE_TOO_LARGE = 10

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
  await new Promise(setImmediate)
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

test.each([
  [
    'offsets whose answer is lost',
    ({ first }: ReturnType<typeof transacting>) => {
      first('TxnOffsetCommit', 1, () => Promise.reject(connectionLost()))
      first('Produce', 1, refusing('Produce', MESSAGE_TOO_LARGE))
    },
  ],
  [
    "another leader's records whose answer is lost",
    ({ cluster }: ReturnType<typeof transacting>) => {
      const refuse = refusing('Produce', MESSAGE_TOO_LARGE)
      const answer: Answer = (asked) => (asked.nodeId === 1 ? refuse(asked) : Promise.reject(connectionLost()))
      cluster.answers.set('Produce', answer)
    },
  ],
])('a commit that is refused for good beside %s is not aborted by close: they may still arrive', async (_, script) => {
  const transacted = transacting()
  const { producer, cluster } = transacted
  await producer.init()
  script(transacted)
  const commit = producer.commit(transaction(batchFor(0), batchFor(1)))
  await expect(commit).rejects.toMatchObject({ code: 'record-too-large' })
  await producer.close()
  expect(cluster.count('EndTxn')).toBe(0)
})

test('records whose answer is lost for good may still arrive, too: close does not abort', async () => {
  const { producer, cluster, first } = transacting()
  await producer.init()
  first('Produce', 1, () => {
    throw new StreamsError('broker-unavailable', 'broker: the client is closed')
  })
  const final = { code: 'broker-unavailable', retriable: false }
  await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(final)
  await producer.close()
  expect(cluster.count('EndTxn')).toBe(0)
})

test.each(['AddOffsetsToTxn', 'TxnOffsetCommit'])(
  'close beside a commit does not abort before its %s is answered, behind which it would come',
  async (apiName) => {
    const { producer, cluster, asked } = transacting(new ManualTime())
    await producer.init()
    const usual = cluster.answers.get(apiName)!
    const gate = Promise.withResolvers<void>()
    cluster.answers.set(apiName, async (request) => {
      await gate.promise
      return usual(request)
    })
    const commit = expect(producer.commit(transaction(batchFor(0)))).rejects.toThrow('given up')
    while (cluster.count(apiName) === 0) await new Promise(setImmediate)
    const close = producer.close()
    await new Promise(setImmediate)
    expect(cluster.count('EndTxn')).toBe(0)
    gate.resolve()
    await close
    await commit
    expect(asked().slice(-2)).toEqual(['TxnOffsetCommit', 'EndTxn'])
  },
)

test('what is begun names its group, and the partitions that the one before had: the commit has only to write and to end', async () => {
  const { producer, asked, cluster } = transacting()
  await producer.init()
  producer.begin('g')
  await producer.commit(transaction(batchFor(0)))
  cluster.asked.length = 0
  producer.begin('g')
  producer.begin('g')
  await new Promise(setImmediate)
  expect(asked().sort()).toEqual(['AddOffsetsToTxn', 'AddPartitionsToTxn'])
  cluster.asked.length = 0
  await producer.commit(transaction(batchFor(0)))
  expect(asked().sort()).toEqual(['EndTxn', 'Produce', 'TxnOffsetCommit'])
  producer.begin('g')
  await producer.commit(transaction(batchFor(1)))
  cluster.asked.length = 0
  // Partition 0 had no records the last time.
  producer.begin('g')
  await producer.send([batchFor(1)])
  expect(asked().filter((name) => name === 'AddPartitionsToTxn')).toHaveLength(1)
  await producer.send([batchFor(0)])
  expect(asked().filter((name) => name === 'AddPartitionsToTxn')).toHaveLength(2)
})

test('what is begun is ended, with or without something to commit; init and close abort it', async () => {
  const { producer, cluster } = transacting(new ManualTime())
  const ends: boolean[] = []
  cluster.answers.set('EndTxn', ({ body }) => {
    body.string()
    body.int64()
    body.int16()
    ends.push(body.bool())
    return 0
  })
  await producer.init()
  producer.begin('g')
  await producer.commit({ batches: [], groupId: 'g', offsets: [] })
  expect(ends).toEqual([true])
  producer.begin('g')
  await producer.init()
  expect(ends).toEqual([true, false])
  producer.begin('g')
  await producer.close()
  expect(ends).toEqual([true, false, false])
})

test.each(['AddPartitionsToTxn', 'AddOffsetsToTxn'])(
  'a %s of a begin that is lost fails what is sent next, and the commit',
  async (apiName) => {
    const { producer, cluster, first } = transacting()
    await producer.init()
    await producer.commit(transaction(batchFor(0)))
    first(apiName, 1, () => {
      throw connectionLost()
    })
    producer.begin('g')
    await expect(producer.send([batchFor(0)])).rejects.toMatchObject(RETRIABLE)
    const requests = cluster.asked.length
    await expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(RETRIABLE)
    expect(cluster.asked).toHaveLength(requests)
    expect(await producer.init()).toMatchObject({ epoch: 1 })
  },
)
