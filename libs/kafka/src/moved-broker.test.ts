import { expect, onTestFinished, test } from 'vitest'
import { connectionLost, FakeCluster } from './fake-cluster.ts'
import { defaultFetchLimits } from './fetch-positions.ts'
import { Fetcher } from './fetcher.ts'
import { heartbeatCall } from './protocol/heartbeat.ts'
import { FAR_BEYOND_THE_TEST_MS, socketBroker } from './socket-broker-fixture.ts'
import { batchFor, RETRIABLE, transacting, transaction } from './transacting-fixture.ts'

const heartbeat = heartbeatCall({ groupId: 'g', memberId: 'm', generation: 1 })

/** Puts a broker at a socket that answers nothing, or no more than what it serves; `asked` resolves at its first request, `move` brings it back to where it was. */
async function silentAt(cluster: FakeCluster, nodeId: number, { isSilent = false } = {}) {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const { client } = await socketBroker({
    onEnd: onTestFinished,
    answer: () => resolve(),
    timeoutMs: FAR_BEYOND_THE_TEST_MS,
    isSilent,
  })
  cluster.elsewhere.set(nodeId, client)
  const move = () => {
    cluster.elsewhere.delete(nodeId)
    cluster.link.learnBroker({ nodeId, host: 'broker', port: nodeId, rack: null })
  }
  return { asked, move }
}

test.each([
  ['under way at an address', { isSilent: false }],
  ['that waits for a connection to an address', { isSilent: true }],
])('a request %s that its broker has left is repeated at the new one', async (_, options) => {
  const cluster = new FakeCluster()
  const { asked, move } = await silentAt(cluster, 2, options)
  cluster.answers.set('Heartbeat', () => 0)
  await cluster.link.refresh(['t'])
  const answer = cluster.link.retry('heartbeat', () => cluster.link.send(2, heartbeat))
  await asked
  move()
  await expect(answer).resolves.toBe(0)
  expect(cluster.count('Heartbeat')).toBe(1)
})

test('a question to any broker passes over an address that its broker has left meanwhile', async () => {
  const cluster = new FakeCluster()
  const { move } = await silentAt(cluster, 2)
  await cluster.link.refresh(['t'])
  cluster.answers.set('Metadata', () => {
    cluster.answers.set('Metadata', () => cluster.metadata())
    move()
    throw connectionLost()
  })
  await expect(cluster.link.refresh(['t'])).resolves.toBeUndefined()
})

test('a fetch under way at an address that its broker has left goes on at the new one', async () => {
  const cluster = new FakeCluster()
  const { asked, move } = await silentAt(cluster, 2)
  const { promise: fetched, resolve } = Promise.withResolvers<void>()
  cluster.answers.set('Fetch', () => {
    resolve()
    return new Promise(() => {})
  })
  await cluster.link.refresh(['t'])
  const fetcher = new Fetcher({
    link: cluster.link,
    isolation: 'read_committed',
    limits: defaultFetchLimits,
    maxWaitMs: 100,
    outOfRange: 'fail',
    onArrival: () => resolve(),
  })
  onTestFinished(() => fetcher.close())
  fetcher.assign([{ topic: 't', partition: 1 }])
  fetcher.seek({ topic: 't', partition: 1 }, 0)
  await asked
  move()
  await fetched
  expect(fetcher.take()).toEqual([])
  expect(cluster.count('Fetch')).toBe(1)
})

test('of records under way at an address that their broker has left it is not known whether they are written', async () => {
  const { cluster, producer, produced } = transacting()
  const { asked, move } = await silentAt(cluster, 1)
  // Makes the coordinator, broker 2, known first: it is the one that is asked for metadata.
  await producer.init()
  const commit = expect(producer.commit(transaction(batchFor(0)))).rejects.toMatchObject(RETRIABLE)
  await asked
  move()
  await commit
  expect(await producer.init()).toMatchObject({ epoch: 1 })
  await producer.commit(transaction(batchFor(0)))
  expect(produced).toMatchObject([{ epoch: 1, sequence: 0 }])
})

test('and close sends no abort, which could come before them', async () => {
  const { cluster, producer } = transacting()
  const { asked, move } = await silentAt(cluster, 1)
  await producer.init()
  const sent = expect(producer.send([batchFor(0)])).rejects.toMatchObject(RETRIABLE)
  await asked
  move()
  await sent
  await producer.close()
  expect(cluster.count('EndTxn')).toBe(0)
})

test('what is under way when the client is closed fails for good', async () => {
  const cluster = new FakeCluster()
  const { asked } = await silentAt(cluster, 2)
  await cluster.link.refresh(['t'])
  const answer = expect(cluster.link.send(2, heartbeat)).rejects.toMatchObject({
    code: 'broker-unavailable',
    retriable: false,
    message: expect.stringContaining('the client is closed'),
  })
  await asked
  await cluster.link.close()
  await answer
})
