import { RecordBatchBuilder, type RecordBatch } from '@tidemark/streams'
import { expect, onTestFinished, test } from 'vitest'
import { BatchHeader } from './batch-format.ts'
import { writeBatch } from './batch-writer.ts'
import { connectionLost, FakeCluster, type Asked } from './fake-cluster.ts'
import { defaultFetchLimits } from './fetch-positions.ts'
import { Fetcher, type FetcherOptions } from './fetcher.ts'
import { ByteWriter } from './protocol/byte-writer.ts'

interface Wanted {
  readonly partition: number
  readonly offset: number
}

const p0 = { topic: 't', partition: 0 }
const p1 = { topic: 't', partition: 1 }

/** A log whose every record is a batch of its own, and which ends at `END`. */
const END = 5

function record(offset: number): Buffer {
  const builder = new RecordBatchBuilder('t', 0)
  const valueBytes = Buffer.from(`value ${offset}`)
  builder.append({ key: null, valueBytes, valueLength: valueBytes.length, timestampMs: 0 })
  const batch = builder.batch()
  const writer = new ByteWriter()
  writeBatch(writer, {
    batch,
    body: batch.records,
    codec: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    transactional: false,
  })
  writer.bytes.writeBigInt64BE(BigInt(offset), BatchHeader.baseOffset)
  return Buffer.from(writer.bytes)
}

function wanted({ body }: Asked): Wanted[] {
  for (let skip = 0; skip < 4; skip++) body.int32()
  body.int8()
  body.int32()
  body.int32()
  const topics = body.array(() => {
    body.string()
    return body.array(() => {
      const partition = body.int32()
      body.int32()
      const offset = body.int64()
      body.int64()
      body.int32()
      return { partition, offset }
    })
  })
  return topics.flat()
}

const served = ({ partition, offset }: Wanted, errorCode = 0) => ({
  topic: 't',
  partition,
  errorCode,
  highWatermark: END,
  lastStableOffset: END,
  logStartOffset: 0,
  abortedTransactions: [],
  records: errorCode === 0 && offset < END ? record(offset) : null,
})

/** A fetcher over a cluster that, like a broker, waits a little before it answers that there is nothing new. */
function fetching(options: Partial<FetcherOptions> & { serve?: (wanted: Wanted, nodeId: number) => number } = {}) {
  const cluster = new FakeCluster()
  cluster.answers.set('Fetch', async (asked) => {
    const partitions = wanted(asked)
    const answers = partitions.map((one) => served(one, options.serve?.(one, asked.nodeId) ?? 0))
    if (answers.every(({ records, errorCode }) => records === null && errorCode === 0)) await cluster.time.nextTurn()
    return { errorCode: 0, partitions: answers }
  })
  const arrival = { notify: () => {} }
  const fetcher = new Fetcher({
    link: cluster.link,
    isolation: 'read_committed',
    limits: defaultFetchLimits,
    maxWaitMs: 100,
    outOfRange: 'earliest',
    onArrival: () => arrival.notify(),
    ...options,
  })
  const next = async (): Promise<RecordBatch[]> => {
    for (;;) {
      const batches = fetcher.take()
      if (batches.length > 0) return batches
      await new Promise<void>((resolve) => (arrival.notify = resolve))
    }
  }
  const offsets = async (count: number): Promise<string[]> => {
    const found: string[] = []
    while (found.length < count) found.push(...(await next()).map((b) => `${b.partition}:${b.baseOffset}`))
    return found
  }
  onTestFinished(() => fetcher.close())
  return { cluster, fetcher, next, offsets }
}

test('reads each partition in order from where it was put, and nothing of one that was put nowhere', async () => {
  const { fetcher, offsets } = fetching()
  fetcher.assign([p0, p1])
  fetcher.seek(p1, 2)
  expect(await offsets(3)).toEqual(['1:2', '1:3', '1:4'])
  expect(fetcher.unpositioned()).toMatchObject([p0])
  expect(fetcher.endOffset(p1)).toBe(END)
  expect(fetcher.endOffset(p0)).toBeUndefined()
})

test('what was fetched before a seek never comes out after it', async () => {
  const { fetcher, cluster, offsets } = fetching()
  fetcher.assign([p0])
  fetcher.seek(p0, 0)
  while (cluster.count('Fetch') < 2) await cluster.time.nextTurn()
  fetcher.seek(p0, 3)
  expect(await offsets(2)).toEqual(['0:3', '0:4'])
})

test('goes on at the new leader when a partition moves', async () => {
  const moved = { leader: 1 }
  const { fetcher, cluster, offsets } = fetching({ serve: (_, nodeId) => (nodeId === moved.leader ? 0 : 6) })
  fetcher.assign([p0])
  fetcher.seek(p0, 0)
  expect(await offsets(1)).toEqual(['0:0'])
  moved.leader = 2
  cluster.leaders = [2, 2]
  expect(await offsets(4)).toEqual(['0:1', '0:2', '0:3', '0:4'])
})

test('goes on where it was when a connection was lost', async () => {
  const { fetcher, cluster, offsets } = fetching()
  const answer = cluster.answers.get('Fetch')!
  cluster.answers.set('Fetch', (asked) => {
    if (cluster.count('Fetch') % 2 === 0) throw connectionLost()
    return answer(asked)
  })
  fetcher.assign([p0])
  fetcher.seek(p0, 0)
  expect(await offsets(5)).toEqual(['0:0', '0:1', '0:2', '0:3', '0:4'])
})

test('a partition that stays without a leader becomes an error once, and is tried on', async () => {
  const { fetcher, cluster, next, offsets } = fetching()
  cluster.leaders = [-1, 2]
  cluster.answers.set('Metadata', () => {
    if (cluster.leaders[0] === -1) throw connectionLost()
    return cluster.metadata()
  })
  fetcher.assign([p0])
  fetcher.seek(p0, 4)
  await expect(next()).rejects.toMatchObject({ code: 'broker-unavailable', retriable: true })
  cluster.leaders = [1, 2]
  expect(await offsets(1)).toEqual(['0:4'])
})

function listedAs(start: number, end: number) {
  return ({ body }: Asked) => {
    body.int32()
    body.int8()
    body.array(() => 0)
    const timestamp = body.bytes.readBigInt64BE(body.bytes.length - 8)
    return [{ topic: 't', partition: 0, errorCode: 0, offset: timestamp === -2n ? start : end }]
  }
}

test('a log that has lost what was next is read on from its start, with a warning that names what is lost', async () => {
  const { fetcher, cluster, offsets } = fetching({ serve: ({ offset }) => (offset < 3 ? 1 : 0) })
  cluster.answers.set('ListOffsets', listedAs(3, END))
  fetcher.assign([p0])
  fetcher.seek(p0, 1)
  expect(await offsets(2)).toEqual(['0:3', '0:4'])
  const warning = cluster.logged.find(({ level }) => level === 'warn')
  expect(warning?.message).toMatch(/topic t partition 0: offset 1 .*the records of \[1, 3\) are lost/)
})

test('a log that has lost what was next is read on from its end where that is asked for', async () => {
  const { fetcher, cluster, offsets } = fetching({ outOfRange: 'latest', serve: ({ offset }) => (offset < 3 ? 1 : 0) })
  cluster.answers.set('ListOffsets', listedAs(3, 4))
  fetcher.assign([p0])
  fetcher.seek(p0, 1)
  expect(await offsets(1)).toEqual(['0:4'])
})

test('or is an error where that is asked for', async () => {
  const { fetcher, cluster, next } = fetching({ outOfRange: 'fail', serve: ({ offset }) => (offset < 3 ? 1 : 0) })
  cluster.answers.set('ListOffsets', listedAs(3, END))
  fetcher.assign([p0])
  fetcher.seek(p0, 1)
  await expect(next()).rejects.toMatchObject({
    code: 'offset-out-of-range',
    message: expect.stringContaining('[3, 5)'),
  })
})

test('what cannot be read stops the reader, which asks no more', async () => {
  const { fetcher, cluster, next } = fetching({ serve: () => 29 })
  fetcher.assign([p0])
  fetcher.seek(p0, 0)
  await expect(next()).rejects.toMatchObject({ code: 'not-authorised' })
  const requests = cluster.count('Fetch')
  expect(() => fetcher.take()).toThrow('topic t partition 0')
  await cluster.time.nextTurn()
  expect(cluster.count('Fetch')).toBe(requests)
})

test('a paused partition is not asked for', async () => {
  const { fetcher, cluster, offsets } = fetching()
  fetcher.assign([p0, p1])
  fetcher.setPaused([p0], true)
  fetcher.seek(p0, 0)
  fetcher.seek(p1, 3)
  expect(await offsets(2)).toEqual(['1:3', '1:4'])
  expect(cluster.asked.filter(({ apiName, nodeId }) => apiName === 'Fetch' && nodeId === 1)).toEqual([])
  fetcher.setPaused([p0], false)
  expect(await offsets(5)).toHaveLength(5)
})

test('that a partition has no more is told, where nothing comes of it', async () => {
  let ends = 0
  const { cluster, fetcher } = fetching({
    onEnd: () => {
      ends++
    },
  })
  fetcher.assign([p0])
  fetcher.seek(p0, END)
  expect(fetcher.hasMore(p0)).toBe(true)
  while (fetcher.hasMore(p0)) await cluster.time.nextTurn()
  expect(ends).toBe(1)
})

test('what is fetched and not taken yet is more to come, at the end of the log too', async () => {
  const { cluster, fetcher } = fetching()
  fetcher.assign([p0])
  fetcher.seek(p0, 0)
  // The one after the last record is asked for when that has arrived.
  while (cluster.count('Fetch') <= END) await cluster.time.nextTurn()
  expect(fetcher.hasMore(p0)).toBe(true)
  expect(fetcher.take()).toHaveLength(END)
  expect(fetcher.hasMore(p0)).toBe(false)
})
