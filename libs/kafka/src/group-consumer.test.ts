import type { RebalanceListener, TopicPartition } from '@tidemark/streams'
import { expect, onTestFinished, test } from 'vitest'
import { FakeCluster, type Answer } from './fake-cluster.ts'
import { GroupConsumer } from './group-consumer.ts'
import { ManualTime } from './manual-time.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './protocol/consumer-protocol.ts'
import type { JoinGroupResponse } from './protocol/join-group.ts'

const p0 = { topic: 't', partition: 0 }
const p1 = { topic: 't', partition: 1 }
const names = (partitions: readonly TopicPartition[]) => partitions.map(({ partition }) => partition).join()

/** A coordinator of a group in which the consumer leads, alone, until the test scripts something else. */
function consuming({ listener = {} }: { listener?: Partial<RebalanceListener> } = {}) {
  const cluster = new FakeCluster({ time: new ManualTime() })
  const events: string[] = []
  const group = { generation: 0, given: Buffer.alloc(0) as Buffer, subscriptions: [] as Buffer[] }
  const answers: Record<string, Answer> = {
    FindCoordinator: () => ({ errorCode: 0, coordinator: { nodeId: 1, host: 'broker', port: 1, rack: null } }),
    JoinGroup: ({ body }) => {
      body.string()
      body.int32()
      body.int32()
      const memberId = body.string()
      if (memberId === '') return joined({ errorCode: 79, memberId: 'm' })
      body.nullableString()
      body.string()
      body.int32()
      body.string()
      const subscription = body.nullableBytes()!
      group.subscriptions.push(subscription)
      group.generation++
      return joined({ generation: group.generation, members: [{ memberId, subscription }] })
    },
    SyncGroup: ({ body }) => {
      body.string()
      body.int32()
      body.string()
      body.nullableString()
      body.array(() => {
        body.string()
        group.given = body.nullableBytes()!
      })
      return { errorCode: 0, assignment: group.given }
    },
    Heartbeat: () => 0,
    OffsetFetch: () => ({ errorCode: 0, offsets: [{ ...p0, offset: 40, metadata: 'x', errorCode: 0 }] }),
    OffsetCommit: () => [{ ...p0, errorCode: 0 }],
    ListOffsets: () => [{ ...p1, errorCode: 0, offset: 7 }],
    LeaveGroup: () => 0,
    Fetch: async () => {
      await cluster.time.nextTurn()
      return { errorCode: 0, partitions: [] }
    },
  }
  for (const [apiName, answer] of Object.entries(answers)) cluster.answers.set(apiName, answer)
  const consumer = new GroupConsumer({
    groupLink: cluster.link,
    fetchLink: cluster.link,
    groupId: 'g',
    sessionTimeoutMs: 9_000,
    rebalanceTimeoutMs: 60_000,
    maxBufferedBytes: 1_000_000,
    startAt: 'earliest',
    onClosed: async () => {},
  })
  onTestFinished(() => consumer.close())
  const tell = (event: keyof RebalanceListener) => async (partitions: readonly TopicPartition[]) => {
    events.push(`${event} ${names(partitions)}`)
    await listener[event]?.(partitions)
  }
  consumer.subscribe(['t'], { assigned: tell('assigned'), revoked: tell('revoked'), lost: tell('lost') })
  return { cluster, consumer, events, group }
}

function joined(parts: Partial<JoinGroupResponse>): JoinGroupResponse {
  return {
    errorCode: 0,
    generation: 1,
    protocolName: 'tidemark-sticky',
    leaderId: 'm',
    memberId: 'm',
    members: [],
    ...parts,
  }
}

/** Where the two partitions, each led by another broker, are fetched from first. */
async function fetchedFrom(cluster: FakeCluster): Promise<[partition: number, offset: number][]> {
  const first = (nodeId: number) => cluster.asked.find((asked) => asked.apiName === 'Fetch' && asked.nodeId === nodeId)
  while (first(1) === undefined || first(2) === undefined) await cluster.time.nextTurn()
  return [first(1)!, first(2)!].map(({ body }) => [body.bytes.readInt32BE(36), Number(body.bytes.readBigInt64BE(44))])
}

test('joins with the id that it is given, and reads its partitions from the committed offsets, else the start', async () => {
  const { consumer, cluster, events } = consuming()
  await consumer.poll(0)
  expect(cluster.count('JoinGroup')).toBe(2)
  expect(events).toEqual(['assigned 0,1'])
  expect(await fetchedFrom(cluster)).toEqual([
    [0, 40],
    [1, 7],
  ])
})

test('waits with its committed offsets until the transaction that commits them is ended', async () => {
  const { consumer, cluster } = consuming()
  const usual = cluster.answers.get('OffsetFetch')!
  cluster.answers.set('OffsetFetch', (asked) => {
    if (cluster.count('OffsetFetch') > 2) return usual(asked)
    return { errorCode: 0, offsets: [{ ...p0, offset: 30, metadata: '', errorCode: 88 }] }
  })
  const committed = consumer.committed([p0])
  await cluster.time.nextTurn()
  for (let wait = 0; wait < 2; wait++) await cluster.time.advance(10)
  expect(await committed).toEqual([{ ...p0, offset: 40, metadata: 'x' }])
})

test('reads from where the listener puts a partition instead', async () => {
  const listener: Partial<RebalanceListener> = {
    assigned: async () => {
      consumer.seek(p0, 3)
      consumer.seek(p1, 4)
    },
  }
  const { consumer, cluster } = consuming({ listener })
  await consumer.poll(0)
  expect(cluster.count('OffsetFetch')).toBe(0)
  expect(await fetchedFrom(cluster)).toEqual([
    [0, 3],
    [1, 4],
  ])
})

test('beats every second while nobody polls, and tells how long ago it was answered', async () => {
  const { consumer, cluster } = consuming()
  expect(consumer.heartbeatAgeMs()).toBeUndefined()
  await consumer.poll(0)
  for (let beat = 1; beat <= 3; beat++) {
    await cluster.time.advance(1_000)
    expect(cluster.count('Heartbeat')).toBe(beat)
  }
  await cluster.time.advance(500)
  expect(consumer.heartbeatAgeMs()).toBe(500)
  await consumer.close()
  expect(consumer.heartbeatAgeMs()).toBeUndefined()
})

test('awaits revoke, in which a commit is valid, before it joins again', async () => {
  const order: string[] = []
  const listener: Partial<RebalanceListener> = {
    revoked: async () => {
      await consumer.commit([{ ...p0, offset: 5, metadata: '' }])
      order.push(`committed after ${cluster.count('JoinGroup')} joins`)
    },
  }
  const { consumer, cluster, events } = consuming({ listener })
  await consumer.poll(0)
  cluster.answers.set('Heartbeat', () => 27)
  await cluster.time.advance(1_000)
  await consumer.poll(0)
  expect(events).toEqual(['assigned 0,1', 'revoked 0,1', 'assigned 0,1'])
  expect(order).toEqual(['committed after 2 joins'])
  expect(cluster.count('JoinGroup')).toBe(3)
})

test('a poll that waits takes part in a rebalance at once', async () => {
  const { consumer, cluster, events } = consuming()
  await consumer.poll(0)
  const waiting = consumer.poll(60_000)
  await cluster.time.nextTurn()
  cluster.answers.set('Heartbeat', () => 27)
  await cluster.time.advance(1_000)
  for (let turn = 0; turn < 5; turn++) await cluster.time.nextTurn()
  expect(events).toEqual(['assigned 0,1', 'revoked 0,1', 'assigned 0,1'])
  await cluster.time.advance(60_000)
  expect(await waiting).toEqual([])
})

test('a poll that waits ends when it turns out that a partition has no more: what waited for it may go on', async () => {
  const { consumer, cluster } = consuming()
  const ends = [
    { ...p0, lastStableOffset: 40 },
    { ...p1, lastStableOffset: 7 },
  ]
  cluster.answers.set('Fetch', async ({ nodeId }) => {
    await cluster.time.nextTurn()
    const fetched = { errorCode: 0, highWatermark: 40, logStartOffset: 0, abortedTransactions: [], records: null }
    return { errorCode: 0, partitions: [{ ...fetched, ...ends[nodeId - 1] }] }
  })
  do expect(await consumer.poll(10_000)).toEqual([])
  while (consumer.hasMore(p0) || consumer.hasMore(p1))
})

test('claims what it held when it joins again', async () => {
  const { consumer, cluster, group } = consuming()
  await consumer.poll(0)
  cluster.answers.set('Heartbeat', () => 27)
  await cluster.time.advance(1_000)
  await consumer.poll(0)
  expect(group.subscriptions.map((bytes) => decodeSubscription(bytes))).toEqual([
    { topics: ['t'], owned: [], generation: -1 },
    { topics: ['t'], owned: [p0, p1], generation: 1 },
  ])
})

test.each([22, 25, 82])(
  'error code %i in answer to a heartbeat means that the partitions are lost, not revoked',
  async (code) => {
    const { consumer, cluster, events } = consuming()
    await consumer.poll(0)
    cluster.answers.set('Heartbeat', () => code)
    await cluster.time.advance(1_000)
    await consumer.poll(0)
    expect(events).toEqual(['assigned 0,1', 'lost 0,1', 'assigned 0,1'])
  },
)

test('a commit that the group refuses is group-lost, and the next poll says lost', async () => {
  const { consumer, cluster, events } = consuming()
  await consumer.poll(0)
  cluster.answers.set('OffsetCommit', () => [{ ...p0, errorCode: 22 }])
  await expect(consumer.commit([{ ...p0, offset: 5, metadata: '' }])).rejects.toMatchObject({
    code: 'group-lost',
    message: expect.stringContaining('group g: commit of topic t partition 0'),
  })
  await consumer.poll(0)
  expect(events).toEqual(['assigned 0,1', 'lost 0,1', 'assigned 0,1'])
})

test('a commit follows the coordinator to another broker', async () => {
  const { consumer, cluster } = consuming()
  await consumer.poll(0)
  cluster.answers.set('FindCoordinator', () => ({
    errorCode: 0,
    coordinator: { nodeId: 2, host: 'broker', port: 2, rack: null },
  }))
  cluster.answers.set('OffsetCommit', ({ nodeId }) => [{ ...p0, errorCode: nodeId === 2 ? 0 : 16 }])
  const committing = consumer.commit([{ ...p0, offset: 5, metadata: '' }])
  await cluster.time.nextTurn()
  await cluster.time.advance(1_000)
  await committing
  expect(cluster.count('OffsetCommit')).toBe(2)
})

test('a failure in assigned is passed on, and the partitions are given up and joined for again', async () => {
  let failures = 1
  const listener: Partial<RebalanceListener> = {
    assigned: async () => {
      if (failures-- > 0) throw new Error('restore failed')
    },
  }
  const { consumer, events } = consuming({ listener })
  await expect(consumer.poll(0)).rejects.toThrow('restore failed')
  await consumer.poll(0)
  expect(events).toEqual(['assigned 0,1', 'revoked 0,1', 'assigned 0,1'])
})

test('a topic that does not exist is found before the group waits for this member', async () => {
  const { consumer, cluster } = consuming()
  cluster.answers.set('Metadata', () => ({ brokers: [], topics: [{ errorCode: 3, topic: 't', partitions: [] }] }))
  const failed = expect(consumer.poll(0)).rejects.toMatchObject({ code: 'topic-missing' })
  for (let turn = 0; turn < 40; turn++) await cluster.time.advance(1_000)
  await failed
  expect(cluster.count('JoinGroup')).toBe(0)
})

test('a group with members of another kind is an error that says so', async () => {
  const { consumer, cluster } = consuming()
  cluster.answers.set('JoinGroup', () => joined({ errorCode: 23 }))
  await expect(consumer.poll(0)).rejects.toThrow(/group g: joining: INCONSISTENT_GROUP_PROTOCOL.*another group id/)
})

test('a coordinator that turns every join down is an error in the end', async () => {
  const { consumer, cluster } = consuming()
  cluster.answers.set('JoinGroup', () => joined({ errorCode: 25 }))
  await expect(consumer.poll(0)).rejects.toThrow('joining 20 times')
})

test('leaves the group when closed, and beats no more', async () => {
  const { consumer, cluster } = consuming()
  await consumer.poll(0)
  await consumer.close()
  await cluster.time.advance(9_000)
  expect(cluster.count('LeaveGroup')).toBe(1)
  expect(cluster.count('Heartbeat')).toBe(0)
  await expect(consumer.poll(0)).rejects.toThrow('closed')
})

test('closing while a join waits ends the poll, and does not join again', async () => {
  const { consumer, cluster } = consuming()
  const join = Promise.withResolvers<JoinGroupResponse>()
  const byDefault = cluster.answers.get('JoinGroup')!
  cluster.answers.set('JoinGroup', (asked) => (cluster.count('JoinGroup') < 2 ? byDefault(asked) : join.promise))
  cluster.answers.set('LeaveGroup', () => {
    join.resolve(joined({ errorCode: 25 }))
    return 0
  })
  const waiting = consumer.poll(0)
  while (cluster.count('JoinGroup') < 2) await cluster.time.nextTurn()
  await consumer.close()
  expect(await waiting).toEqual([])
  expect(cluster.count('JoinGroup')).toBe(2)
})

/** A consumer whose join waits at one of its steps until the test lets it go on, and its poll. */
async function joiningSlowly(step: 'JoinGroup' | 'SyncGroup') {
  const subject = consuming()
  const { cluster, consumer } = subject
  const answered = Promise.withResolvers<void>()
  const byDefault = cluster.answers.get(step)!
  // The first join is told its id at once.
  const waitsFrom = step === 'JoinGroup' ? 2 : 1
  cluster.answers.set(step, async (asked) => {
    if (cluster.count(step) >= waitsFrom) await answered.promise
    return byDefault(asked)
  })
  const waiting = consumer.poll(60_000)
  while (cluster.count(step) < waitsFrom) await cluster.time.nextTurn()
  return { ...subject, answered, waiting }
}

test.each(['JoinGroup', 'SyncGroup'] as const)(
  'a wake-up ends a poll that waits for a %s, or is about to, and a close leaves the group then',
  async (step) => {
    const { consumer, cluster, events, answered, waiting } = await joiningSlowly(step)
    consumer.wakeup()
    expect(await waiting).toEqual([])
    consumer.wakeup()
    expect(await consumer.poll(60_000)).toEqual([])
    await consumer.close()
    expect(cluster.count('LeaveGroup')).toBe(1)
    answered.resolve()
    await cluster.time.nextTurn()
    await cluster.time.advance(9_000)
    expect([events, cluster.count('Heartbeat')]).toEqual([[], 0])
  },
)

test('a join that a wake-up did not wait for goes on: the next poll takes what it gives', async () => {
  const { consumer, cluster, events, answered, waiting } = await joiningSlowly('JoinGroup')
  consumer.wakeup()
  await waiting
  answered.resolve()
  while (cluster.count('SyncGroup') < 1) await cluster.time.nextTurn()
  await consumer.poll(0)
  expect([events, cluster.count('JoinGroup')]).toEqual([['assigned 0,1'], 2])
})

test('what a join gave is not taken where the group has gone on since: another member may have it', async () => {
  const { consumer, cluster, events, answered, waiting } = await joiningSlowly('JoinGroup')
  consumer.wakeup()
  await waiting
  cluster.answers.set('Heartbeat', () => 22)
  answered.resolve()
  while (cluster.count('SyncGroup') < 1) await cluster.time.nextTurn()
  await cluster.time.nextTurn()
  await cluster.time.advance(3_000)
  expect(cluster.count('Heartbeat')).toBe(1)
  await consumer.poll(0)
  expect([events, cluster.count('JoinGroup')]).toEqual([['assigned 0,1'], 3])
})

test('divides the partitions of all members when it leads', async () => {
  const { consumer, cluster } = consuming()
  const assignments: Record<string, TopicPartition[]> = {}
  const subscription = encodeSubscription({ topics: ['t'], owned: [], generation: -1 })
  const members = ['m', 'other'].map((memberId) => ({ memberId, subscription }))
  cluster.answers.set('JoinGroup', () => joined({ members }))
  cluster.answers.set('SyncGroup', ({ body }) => {
    body.string()
    body.int32()
    body.string()
    body.nullableString()
    body.array(() => {
      assignments[body.string()] = decodeAssignment(body.nullableBytes()!)
    })
    return { errorCode: 0, assignment: encodeAssignment([p1]) }
  })
  await consumer.poll(0)
  expect(assignments).toEqual({ m: [p0], other: [p1] })
})
