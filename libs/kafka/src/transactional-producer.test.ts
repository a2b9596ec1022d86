import { expect, test } from 'vitest'
import { connectionLost } from './fake-cluster.ts'
import { batchFor, FENCED, refusing, RETRIABLE, STEPS, transacting, transaction } from './transacting-fixture.ts'

test('init gives the producer id and the epoch that fences earlier owners', async () => {
  const { producer } = transacting()
  expect(await producer.init()).toEqual({ producerId: 4_000n, epoch: 0 })
  expect(await producer.init()).toEqual({ producerId: 4_000n, epoch: 1 })
})

test('each init tells the coordinator after how long it is to give a transaction up', async () => {
  const { producer, cluster } = transacting()
  const told: unknown[] = []
  const usual = cluster.answers.get('InitProducerId')!
  cluster.answers.set('InitProducerId', (request) => {
    told.push([request.body.nullableString(), request.body.int32()])
    return usual(request)
  })
  await producer.init()
  await producer.init()
  expect(told).toEqual([
    ['x', 15_000],
    ['x', 15_000],
  ])
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
