import { expect, test } from 'vitest'
import { connectionLost, FakeCluster } from './fake-cluster.ts'

const missing = { brokers: [], topics: [{ errorCode: 3, topic: 'nope', partitions: [] }] }

test('learns brokers and leaders from the first one that answers', async () => {
  const { link } = new FakeCluster()
  await link.refresh(['t'])
  expect([0, 1, 2].map((partition) => link.leaderOf({ topic: 't', partition }))).toEqual([1, 2, undefined])
})

test('asks the next broker when one is lost, and says so when none answers', async () => {
  const cluster = new FakeCluster()
  await cluster.link.refresh(['t'])
  cluster.answers.set('Metadata', ({ nodeId }) => {
    if (nodeId === 1) throw connectionLost()
    return cluster.metadata()
  })
  await cluster.link.refresh(['t'])
  cluster.answers.set('Metadata', () => {
    throw connectionLost()
  })
  await expect(cluster.link.refresh(['t'])).rejects.toThrow('no broker of broker:1 answers')
})

test('a topic that does not exist is an error that names it, after some patience with a new one', async () => {
  const cluster = new FakeCluster()
  cluster.answers.set('Metadata', () => missing)
  await expect(cluster.link.partitionCount('nope')).rejects.toMatchObject({
    code: 'topic-missing',
    retriable: false,
    message: expect.stringContaining('topic nope does not exist'),
  })
  expect(cluster.count('Metadata')).toBeGreaterThan(3)
})

test('a topic that appears in time is found', async () => {
  const cluster = new FakeCluster()
  cluster.answers.set('Metadata', () => (cluster.count('Metadata') < 3 ? missing : cluster.metadata()))
  expect(await cluster.link.partitionCount('t')).toBe(2)
})

test('asks once for what it knows', async () => {
  const cluster = new FakeCluster()
  await cluster.link.partitionCount('t')
  await cluster.link.partitionCount('t')
  expect(cluster.count('Metadata')).toBe(1)
})

const call = { apiKey: 0, apiVersion: 0, apiName: 'x', encode: () => {}, decode: () => 0 }

test('a request to a broker that nobody knows can be tried again', async () => {
  const { link } = new FakeCluster()
  await expect(link.send(9, call)).rejects.toMatchObject({ code: 'broker-unavailable', retriable: true })
})

test('of a link that is closed no request can be tried again, to whichever broker, and none is made known', async () => {
  const cluster = new FakeCluster()
  await cluster.link.refresh(['t'])
  await cluster.link.close()
  cluster.link.learnBroker({ nodeId: 9, host: 'broker', port: 9, rack: null })
  for (const nodeId of [1, 9]) {
    const refused = { code: 'broker-unavailable', retriable: false, message: `broker ${nodeId}: the client is closed` }
    await expect(cluster.link.send(nodeId, call)).rejects.toMatchObject(refused)
  }
  expect(cluster.connected).toEqual([1, 1, 2])
})

test('a question that fails while the link is closed is asked of nobody else, and fails for good', async () => {
  const cluster = new FakeCluster()
  await cluster.link.refresh(['t'])
  cluster.answers.set('Metadata', () => {
    void cluster.link.close()
    throw connectionLost()
  })
  await expect(cluster.link.refresh(['t'])).rejects.toMatchObject({ code: 'broker-unavailable', retriable: false })
  expect(cluster.count('Metadata')).toBe(2)
})
