import { expect, test } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import type { Call } from './call.ts'
import { addOffsetsToTxnCall } from './add-offsets-to-txn.ts'
import { addPartitionsToTxnCall } from './add-partitions-to-txn.ts'
import { endTxnCall } from './end-txn.ts'
import { fetchCall } from './fetch.ts'
import { findCoordinatorCall } from './find-coordinator.ts'
import { heartbeatCall } from './heartbeat.ts'
import { initProducerIdCall } from './init-producer-id.ts'
import { joinGroupCall } from './join-group.ts'
import { leaveGroupCall } from './leave-group.ts'
import { listOffsetsCall } from './list-offsets.ts'
import { metadataCall } from './metadata.ts'
import { offsetCommitCall } from './offset-commit.ts'
import { offsetFetchCall } from './offset-fetch.ts'
import { produceCall } from './produce.ts'
import { syncGroupCall } from './sync-group.ts'
import { txnOffsetCommitCall } from './txn-offset-commit.ts'

// The bytes are laid out by hand after the message definitions of Kafka (clients/src/main/resources/common/message).

const member = { groupId: 'g', generation: 7, memberId: 'm' }

function requestOf(call: Call<unknown>): string {
  const writer = new ByteWriter()
  call.encode(writer)
  return writer.bytes.toString('hex')
}

function hex(...parts: string[]): string {
  return parts.join('').replaceAll(' ', '')
}

/** Reads a response and holds the decoder to having read all of it. */
function responseOf<T>(call: Call<T>, write: (writer: ByteWriter) => void): T {
  const writer = new ByteWriter()
  write(writer)
  const reader = new ByteReader(writer.bytes)
  const response = call.decode(reader)
  expect(reader.remaining).toBe(0)
  return response
}

test('a fetch names offset and bounds of each partition, grouped by topic, without a session', () => {
  const partitions = [
    { topic: 'a', partition: 1, offset: 5, maxBytes: 16 },
    { topic: 'a', partition: 2, offset: 2 ** 33, maxBytes: 16 },
  ]
  expect(requestOf(fetchCall({ maxWaitMs: 250, maxBytes: 64, isolation: 'read_committed', partitions }))).toBe(
    hex(
      'ffffffff 000000fa 00000001 00000040 01 00000000 ffffffff', // replica, wait, min, max, isolation, session, epoch
      '00000001 0001 61 00000002',
      '00000001 ffffffff 0000000000000005 ffffffffffffffff 00000010',
      '00000002 ffffffff 0000000200000000 ffffffffffffffff 00000010',
      '00000000 0000', // forgotten topics, rack
    ),
  )
})

test('a fetch response gives errors, ends, aborted transactions and records as views', () => {
  const records = Buffer.from('records')
  const call = fetchCall({ maxWaitMs: 0, maxBytes: 1, isolation: 'read_committed', partitions: [] })
  const { errorCode, partitions } = responseOf(call, (writer) => {
    writer.int32(0).int16(0).int32(0)
    writer.int32(1).string('a').int32(2)
    writer.int32(1).int16(0).int64(90).int64(80).int64(3).int32(1).int64(4000).int64(33).int32(-1).sizedBytes(records)
    writer.int32(2).int16(6).int64(-1).int64(-1).int64(-1).int32(-1).int32(-1).sizedBytes(null)
  })
  expect(errorCode).toBe(0)
  expect(partitions).toEqual([
    {
      topic: 'a',
      partition: 1,
      errorCode: 0,
      highWatermark: 90,
      lastStableOffset: 80,
      logStartOffset: 3,
      abortedTransactions: [{ producerId: 4000, firstOffset: 33 }],
      records,
    },
    expect.objectContaining({ partition: 2, errorCode: 6, abortedTransactions: [], records: null }),
  ])
})

test('a produce request holds each batch behind its exact length, acknowledged by all replicas', () => {
  const partition = {
    topic: 't',
    partition: 3,
    recordsBytes: 2,
    writeRecords: (w: ByteWriter) => void w.raw(Buffer.from('ab')),
  }
  expect(requestOf(produceCall({ timeoutMs: 1000, transactionalId: null, partitions: [partition] }))).toBe(
    hex('ffff ffff 000003e8 00000001 0001 74 00000001 00000003 00000002 6162'),
  )
})

test('a produce response tells why a record was refused, in the broker’s own words', () => {
  const [produced] = responseOf(produceCall({ timeoutMs: 1, transactionalId: null, partitions: [] }), (writer) => {
    writer.int32(1).string('t').int32(1)
    writer.int32(3).int16(87).int64(-1).int64(-1).int64(0).int32(1).int32(0).string('no key').string(null).int32(0)
  })
  expect(produced).toMatchObject({ topic: 't', partition: 3, errorCode: 87, errorMessage: 'no key' })
})

test('an offset lookup asks for the earliest as -2 and the latest as -1', () => {
  const partitions = [
    { topic: 't', partition: 0, at: 'earliest' as const },
    { topic: 't', partition: 1, at: 'latest' as const },
  ]
  const call = listOffsetsCall({ isolation: 'read_uncommitted', partitions })
  expect(requestOf(call)).toBe(
    hex(
      'ffffffff 00 00000001 0001 74 00000002',
      '00000000 ffffffff fffffffffffffffe 00000001 ffffffff ffffffffffffffff',
    ),
  )
  const listed = responseOf(call, (writer) => {
    writer.int32(0).int32(1).string('t').int32(1).int32(1).int16(0).int64(-1).int64(42).int32(5)
  })
  expect(listed).toEqual([{ topic: 't', partition: 1, errorCode: 0, offset: 42 }])
})

test('metadata is asked for by topic and never creates one', () => {
  const call = metadataCall(['t'])
  expect(requestOf(call)).toBe(hex('00000001 0001 74 00 00 00'))
  const response = responseOf(call, (writer) => {
    writer.int32(0).int32(1).int32(1).string('host').int32(9092).string(null).string('cluster').int32(1)
    writer.int32(1).int16(0).string('t').bool(false)
    writer.int32(1).int16(0).int32(0).int32(1).int32(4).int32(1).int32(1).int32(1).int32(1).int32(0)
    writer.int32(0).int32(0)
  })
  expect(response).toEqual({
    brokers: [{ nodeId: 1, host: 'host', port: 9092, rack: null }],
    topics: [
      {
        errorCode: 0,
        topic: 't',
        partitions: [{ errorCode: 0, partition: 0, leaderId: 1, leaderEpoch: 4, replicas: [1] }],
      },
    ],
  })
})

test('a join names one protocol with the member’s subscription', () => {
  const call = joinGroupCall({
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    protocolName: 'p',
    subscription: Buffer.from('s'),
  })
  expect(requestOf(call)).toBe(
    hex('0001 67 00002710 0000ea60 0000 ffff 0008 636f6e73756d6572 00000001 0001 70 00000001 73'),
  )
  const joined = responseOf(call, (writer) => {
    writer.int32(0).int16(0).int32(3).string('p').string('m1').string('m1')
    writer.int32(1).string('m1').string(null).sizedBytes(Buffer.from('s'))
  })
  expect(joined).toEqual({
    errorCode: 0,
    generation: 3,
    protocolName: 'p',
    leaderId: 'm1',
    memberId: 'm1',
    members: [{ memberId: 'm1', subscription: Buffer.from('s') }],
  })
})

test('requests of a member carry its group, generation and id', () => {
  const self = '0001 67 00000007 0001 6d ffff'
  expect(requestOf(heartbeatCall(member))).toBe(hex(self))
  expect(requestOf(syncGroupCall(member, new Map([['m', Buffer.from('x')]]), 1))).toBe(
    hex(self, '00000001 0001 6d 00000001 78'),
  )
  expect(requestOf(offsetCommitCall(member, [{ topic: 't', partition: 2, offset: 9, metadata: 'x' }]))).toBe(
    hex(self, '00000001 0001 74 00000001 00000002 0000000000000009 ffffffff 0001 78'),
  )
})

test('responses to a member give its error codes', () => {
  expect(responseOf(heartbeatCall(member), (writer) => writer.int32(0).int16(27))).toBe(27)
  const synced = responseOf(syncGroupCall(member, new Map(), 1), (w) =>
    w.int32(0).int16(0).sizedBytes(Buffer.from('a')),
  )
  expect(synced).toEqual({ errorCode: 0, assignment: Buffer.from('a') })
  const committed = responseOf(offsetCommitCall(member, []), (writer) => {
    writer.int32(0).int32(1).string('t').int32(1).int32(2).int16(22)
  })
  expect(committed).toEqual([{ topic: 't', partition: 2, errorCode: 22 }])
})

test('a member leaves by its id, and its own error is the answer', () => {
  const call = leaveGroupCall('g', 'm')
  expect(requestOf(call)).toBe(hex('0001 67 00000001 0001 6d ffff'))
  expect(responseOf(call, (w) => w.int32(0).int16(0).int32(1).string('m').string(null).int16(25))).toBe(25)
})

test('committed offsets are asked for by partition, none of an open transaction; -1 stands for none', () => {
  const call = offsetFetchCall('g', [{ topic: 't', partition: 2 }])
  expect(requestOf(call)).toBe(hex('02 67 02 02 74 02 00000002 00 01 00'))
  expect(call.flexible).toBe(true)
  const response = responseOf(call, (writer) => {
    writer.int32(0).compactArray(['t'], (topic) => {
      writer.compactString(topic).compactArray([2], (partition) => {
        writer.int32(partition).int64(-1).int32(-1).compactString('').int16(88).noTags()
      })
      writer.noTags()
    })
    writer.int16(14).unsignedVarint(1).unsignedVarint(3).unsignedVarint(2).int16(0) // a tagged field of two bytes
  })
  expect(response).toEqual({
    errorCode: 14,
    offsets: [{ topic: 't', partition: 2, offset: -1, metadata: '', errorCode: 88 }],
  })
})

test('coordinator and producer id are asked for and read', () => {
  expect(requestOf(findCoordinatorCall({ kind: 'group', id: 'g' }))).toBe(hex('0001 67 00'))
  const found = responseOf(findCoordinatorCall({ kind: 'group', id: 'g' }), (writer) => {
    writer.int32(0).int16(0).string(null).int32(1).string('host').int32(9092)
  })
  expect(found).toEqual({ errorCode: 0, coordinator: { nodeId: 1, host: 'host', port: 9092, rack: null } })
  expect(requestOf(initProducerIdCall())).toBe(hex('ffff 0000ea60'))
  const identity = responseOf(initProducerIdCall(), (writer) => writer.int32(0).int16(0).int64(4000).int16(1))
  expect(identity).toEqual({ errorCode: 0, producerId: 4000, producerEpoch: 1 })
})

const owner = { transactionalId: 'x', producerId: 4_000, producerEpoch: 2 }
const IDENTITY = '0000000000000fa0 0002'

test('the requests of a transaction name id, producer and epoch first', () => {
  expect(requestOf(findCoordinatorCall({ kind: 'transaction', id: 'x' }))).toBe(hex('0001 78 01'))
  expect(requestOf(initProducerIdCall({ transactionalId: 'x', transactionTimeoutMs: 15_000 }))).toBe(
    hex('0001 78 00003a98'),
  )
  const partitions = [
    { topic: 't', partition: 1 },
    { topic: 't', partition: 2 },
  ]
  expect(requestOf(addPartitionsToTxnCall(owner, partitions))).toBe(
    hex('0001 78', IDENTITY, '00000001 0001 74 00000002 00000001 00000002'),
  )
  expect(requestOf(addOffsetsToTxnCall(owner, 'g'))).toBe(hex('0001 78', IDENTITY, '0001 67'))
  const offsets = [{ topic: 't', partition: 2, offset: 2 ** 33, metadata: 'm' }]
  expect(requestOf(txnOffsetCommitCall(owner, 'g', offsets))).toBe(
    hex('0001 78 0001 67', IDENTITY, '00000001 0001 74 00000001 00000002 0000000200000000 ffffffff 0001 6d'),
  )
  expect(requestOf(endTxnCall(owner, 'commit'))).toBe(hex('0001 78', IDENTITY, '01'))
  expect(requestOf(endTxnCall(owner, 'abort'))).toBe(hex('0001 78', IDENTITY, '00'))
})

test('the answers within a transaction are error codes, by partition where they were asked by partition', () => {
  const results = [{ topic: 't', partition: 2, errorCode: 51 }]
  for (const call of [addPartitionsToTxnCall(owner, []), txnOffsetCommitCall(owner, 'g', [])]) {
    const answer = responseOf(call, (writer) => {
      writer.int32(0).int32(1).string('t').int32(1).int32(2).int16(51)
    })
    expect(answer).toEqual(results)
  }
  for (const call of [addOffsetsToTxnCall(owner, 'g'), endTxnCall(owner, 'commit')]) {
    expect(responseOf(call, (writer) => writer.int32(0).int16(47))).toBe(47)
  }
})
