import { StreamsError, type Transaction } from '@tidemark/streams'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { batchOf, onRealCluster } from './cluster-fixture.ts'
import { ClusterLink } from './cluster-link.ts'
import { connectionSettings, type KafkaConnectionOptions } from './connection-options.ts'
import { createOperations } from './kafka-operations.ts'
import { kafkaPorts } from './kafka-ports.ts'
import { brokerConnector } from './kafkajs-internals.ts'
import { TransactionalProducer } from './transactional-producer.ts'

const onCluster = async (partitions = 1) => {
  const cluster = await onRealCluster({ bootstrapServers: inject('kafka'), onEnd: onTestFinished }, { partitions })
  const { kafka, topic, groupId } = cluster
  const transactionOf = (value: string, offset: number): Transaction => ({
    batches: Array.from({ length: partitions }, (_, partition) => batchOf({ topic, partition }, [value])),
    groupId,
    offsets: [{ topic, partition: 0, offset, metadata: value }],
  })
  const read = async (partition = 0): Promise<string[]> => {
    const reader = kafka.logReader()
    const { endOffset } = (await reader.offsets(topic))[partition]!
    const values: string[] = []
    for await (const batch of reader.read({ topic, partition }, 0, endOffset)) {
      const cursor = batch.cursor()
      while (cursor.next()) values.push(cursor.value()?.toString() ?? '')
    }
    await reader.close()
    return values
  }
  const consumer = kafka.consumer({ groupId })
  const committed = async () => (await consumer.committed([{ topic, partition: 0 }])).map(({ metadata }) => metadata)
  return { ...cluster, transactionOf, read, committed }
}

interface Watch {
  readonly transactionalId: string
  before?(apiName: string): Promise<void> | undefined
  after?(apiName: string): void
}

/** A producer of which each request first passes through `before`, and each answer through `after`. */
function watched(options: KafkaConnectionOptions, { transactionalId, before, after }: Watch) {
  const settings = connectionSettings(options)
  const connector = brokerConnector(settings)
  const { time, logger, retryForMs, bootstrapServers } = settings
  const link = new ClusterLink({
    bootstrapServers,
    connect: (address) => {
      const connection = connector(address)
      return {
        address,
        send: async (call) => {
          await before?.(call.apiName)
          const answer = await connection.send(call)
          after?.(call.apiName)
          return answer
        },
        close: () => connection.close(),
      }
    },
    time,
    logger,
    retryForMs,
  })
  onTestFinished(() => link.close())
  return new TransactionalProducer({
    link,
    transactionalId,
    transactionTimeoutMs: 15_000,
    compression: 'none',
    onClosed: async () => {},
  })
}

/** A producer whose transactions, written but for their end, wait for the gate. */
function heldAtItsEnd(options: KafkaConnectionOptions, transactionalId: string) {
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const producer = watched(options, {
    transactionalId,
    before: (apiName) => {
      if (apiName !== 'EndTxn') return undefined
      reached.resolve()
      return gate.promise
    },
  })
  return { producer, reached, gate }
}

/** A commit resolves when it is decided; what it wrote is seen some milliseconds later. */
const soon = (law: () => Promise<void>) => vi.waitFor(law, { timeout: 10_000, interval: 5 })
const lost = () => new StreamsError('broker-unavailable', 'connection lost', { retriable: true })

test('records of several partitions and offsets become visible together, transaction after transaction', async () => {
  const { kafka, topic, transactionOf, read, committed } = await onCluster(2)
  const producer = kafka.transactionalProducer({ transactionalId: topic })
  const { producerId, epoch } = await producer.init()
  expect(await committed()).toEqual([])
  for (let round = 1; round <= 5; round++) await producer.commit(transactionOf(`round ${round}`, round))
  const rounds = [1, 2, 3, 4, 5].map((round) => `round ${round}`)
  await soon(async () =>
    expect([await read(0), await read(1), await committed()]).toEqual([rounds, rounds, ['round 5']]),
  )
  expect(await producer.init()).toEqual({ producerId, epoch: epoch + 1 })
  await producer.commit({ ...transactionOf('offsets alone', 6), batches: [] })
  await producer.commit(transactionOf('round 7', 7))
  await soon(async () => expect([await read(0), await committed()]).toEqual([[...rounds, 'round 7'], ['round 7']]))
})

test('a second producer with the same id fences the first: none of what it had under way is ever seen', async () => {
  const { kafka, topic, cluster, transactionOf, read, committed } = await onCluster()
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let held = false
  const first = watched(cluster, {
    transactionalId: topic,
    before: (apiName) => {
      if (apiName !== 'EndTxn' || !held) return undefined
      reached.resolve()
      return gate.promise
    },
  })
  await first.init()
  await first.commit(transactionOf('kept', 1))
  held = true
  const late = first.commit(transactionOf('fenced', 2))
  const refused = expect(late).rejects.toMatchObject({ code: 'fenced', retriable: false })
  await reached.promise

  const second = kafka.transactionalProducer({ transactionalId: topic })
  await second.init()
  gate.resolve()
  await refused
  expect([await read(), await committed()]).toEqual([['kept'], ['kept']])
  await expect(first.commit(transactionOf('fenced', 3))).rejects.toMatchObject({ code: 'fenced' })
  await second.commit(transactionOf('next', 2))
  await soon(async () => expect([await read(), await committed()]).toEqual([['kept', 'next'], ['next']]))
})

test.each(['AddPartitionsToTxn', 'Produce', 'TxnOffsetCommit', 'EndTxn'])(
  'a writer that is killed before its %s leaves nothing behind once its successor is initialised',
  async (step) => {
    const { kafka, topic, cluster, transactionOf, read, committed } = await onCluster()
    let killed = false
    const first = watched(cluster, {
      transactionalId: topic,
      before: (apiName) => {
        if (!killed || apiName !== step) return undefined
        throw lost()
      },
    })
    await first.init()
    await first.commit(transactionOf('kept', 1))
    killed = true
    await expect(first.commit(transactionOf('gone', 2))).rejects.toMatchObject({ retriable: true })

    const second = kafka.transactionalProducer({ transactionalId: topic })
    await second.init()
    expect([await read(), await committed()]).toEqual([['kept'], ['kept']])
    await second.commit(transactionOf('again', 2))
    await soon(async () => expect([await read(), await committed()]).toEqual([['kept', 'again'], ['again']]))
  },
)

test('a writer that is closed between a send and its commit holds up no reader; one that is killed does until its successor is there', async () => {
  const { kafka, topic, cluster, transactionOf, read } = await onCluster()
  const closed = kafka.transactionalProducer({ transactionalId: `${topic}.closed` })
  await closed.init()
  await closed.send(transactionOf('gone', 1).batches)
  const killed = watched(cluster, { transactionalId: `${topic}.killed` })
  await killed.init()
  await killed.send(transactionOf('gone', 1).batches)
  const other = kafka.transactionalProducer({ transactionalId: `${topic}.other` })
  await other.init()
  await other.commit(transactionOf('kept', 1))
  await closed.close()
  expect(await read()).toEqual([])
  await kafka.transactionalProducer({ transactionalId: `${topic}.killed` }).init()
  // Well before the broker would abort it by itself.
  await soon(async () => expect(await read()).toEqual(['kept']))
})

test.each(['commit', 'close', 'timeout'] as const)(
  'an open transaction hides what another writer committed behind it; a read up to all that is written waits for it to end by %s',
  async (end) => {
    const { kafka, topic, transactionOf, read } = await onCluster()
    const [open, other] = ['open', 'other'].map((name) =>
      kafka.transactionalProducer({
        transactionalId: `${topic}.${name}`,
        transactionTimeoutMs: end === 'timeout' ? 4_000 : 60_000,
      }),
    )
    await open!.init()
    await open!.send(transactionOf('open', 1).batches)
    await other!.init()
    await other!.commit(transactionOf('committed', 1))
    // The same owner, started anew, as after an answer that was lost.
    await other!.init()
    expect(await read()).toEqual([])

    const reader = kafka.logReader()
    const isolation = 'read_uncommitted'
    const [[committed], [written]] = await Promise.all([reader.offsets(topic), reader.offsets(topic, { isolation })])
    expect([committed!.endOffset, written!.endOffset]).toEqual([0, 3])
    const values: string[] = []
    let ended = false
    const reading = (async () => {
      for await (const batch of reader.read({ topic, partition: 0 }, 0, written!.endOffset)) {
        const cursor = batch.cursor()
        while (cursor.next()) values.push(cursor.value()?.toString() ?? '')
      }
      ended = true
    })()
    await reader.offsets(topic)
    expect(ended).toBe(false)
    if (end === 'commit') await open!.commit({ ...transactionOf('open', 1), batches: [] })
    if (end === 'close') await open!.close()
    await reading
    expect(values).toEqual(end === 'commit' ? ['open', 'committed'] : ['committed'])
  },
)

test('a transaction that is left open is found where it holds records, and where it holds offsets alone', async () => {
  const { topic, cluster, transactionOf, committed } = await onCluster(2)
  const { producer, reached, gate } = heldAtItsEnd(cluster, topic)
  const operations = createOperations(cluster)
  onTestFinished(() => operations.close())
  const ofOffsets = () => operations.openTransactions('__consumer_offsets')
  // The first question for offsets makes their topic; transactions of other groups may be open there still.
  expect(await committed()).toEqual([])
  const others = await ofOffsets()
  const open = async () => [
    await operations.openTransactions(topic),
    (await ofOffsets()).filter((partition) => !others.includes(partition)),
  ]
  await producer.init()
  const { batches, ...offsetsAlone } = transactionOf('kept', 1)
  await producer.send(batches.slice(1))
  expect(await open()).toEqual([[1], []])
  const ended = producer.commit({ ...offsetsAlone, batches: [] })
  await reached.promise
  expect(await open()).toMatchObject([[1], [expect.any(Number)]])
  gate.resolve()
  await ended
  await soon(async () => expect(await open()).toEqual([[], []]))
})

test('records that are sent while the loop goes on leave the commit with little to do', async () => {
  const { kafka, topic, transactionOf, read, committed } = await onCluster(2)
  const producer = kafka.transactionalProducer({ transactionalId: topic })
  await producer.init()
  const values = Array.from({ length: 40 }, (_, index) => `${index}`)
  const sends = values.slice(0, -1).map((value) => producer.send(transactionOf(value, 0).batches))
  await producer.commit(transactionOf('39', 39))
  await Promise.all(sends)
  await soon(async () => expect([await read(0), await read(1), await committed()]).toEqual([values, values, ['39']]))
})

test('an end whose answer is lost has committed: after the next init it is seen, and can be gone on from', async () => {
  const { topic, cluster, transactionOf, read, committed } = await onCluster()
  let losing = true
  const producer = watched(cluster, {
    transactionalId: topic,
    after: (apiName) => {
      if (losing && apiName === 'EndTxn') throw lost()
    },
  })
  await producer.init()
  await expect(producer.commit(transactionOf('decided', 1))).rejects.toMatchObject({ retriable: true })
  losing = false
  await producer.init()
  expect([await read(), await committed()]).toEqual([['decided'], ['decided']])
  await producer.commit(transactionOf('next', 2))
  await soon(async () => expect([await read(), await committed()]).toEqual([['decided', 'next'], ['next']]))
})

test('committed offsets of an open transaction are waited for', async () => {
  const { topic, groupId, cluster, transactionOf } = await onCluster()
  const { producer, reached, gate } = heldAtItsEnd(cluster, topic)
  await producer.init()
  const commit = producer.commit(transactionOf('waited for', 1))
  await reached.promise
  let refused = 0
  const debug = (_: object, message: string) => {
    if (message.includes('UNSTABLE_OFFSET_COMMIT')) refused++
  }
  const waiting = kafkaPorts({ ...cluster, logger: { ...cluster.logger, debug } })
  onTestFinished(() => waiting.close())
  const asked = waiting.consumer({ groupId }).committed([{ topic, partition: 0 }])
  await soon(async () => expect(refused).toBeGreaterThan(3))
  gate.resolve()
  await commit
  expect(await asked).toEqual(transactionOf('waited for', 1).offsets)
})

test('tasks with a producer each commit beside one another over shared connections', async () => {
  const { kafka, topic, groupId, read, committed } = await onCluster(8)
  const producers = await Promise.all(
    Array.from({ length: 8 }, async (_, partition) => {
      const producer = kafka.transactionalProducer({ transactionalId: `${topic}.${partition}` })
      await producer.init()
      return { producer, partition }
    }),
  )
  const rounds = Array.from({ length: 20 }, (_, round) => `${round}`)
  await Promise.all(
    producers.map(async ({ producer, partition }) => {
      for (const round of rounds) {
        const offsets = [{ topic, partition, offset: Number(round), metadata: round }]
        await producer.commit({ batches: [batchOf({ topic, partition }, [round])], groupId, offsets })
      }
    }),
  )
  for (let partition = 0; partition < 8; partition++) {
    await soon(async () => expect(await read(partition)).toEqual(rounds))
  }
  expect(await committed()).toEqual(['19'])
})

test('transactions back to back take some milliseconds each', async () => {
  const { kafka, topic, transactionOf } = await onCluster()
  const producer = kafka.transactionalProducer({ transactionalId: topic })
  await producer.init()
  const tookMs: number[] = []
  for (let round = 0; round < 400; round++) {
    const startMs = performance.now()
    await producer.commit(transactionOf('x'.repeat(1_000), round))
    if (round >= 100) tookMs.push(performance.now() - startMs)
  }
  tookMs.sort((a, b) => a - b)
  const [p50, p95] = [tookMs[150]!, tookMs[285]!]
  console.info(`transactions back to back: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`)
  // A busy machine may be slow; a retry that waits too long shows all the same.
  expect(p50).toBeLessThan(100)
})

test('topics of the engine are made once with their settings; another number of partitions is an error that says so', async () => {
  const { kafka, admin, topic } = await onCluster(2)
  const name = `${topic}-changelog`
  const definition = { name, partitions: 3, config: { 'cleanup.policy': 'compact' } }
  await kafka.ensureTopics([definition])
  onTestFinished(() => admin.deleteTopics([name]))
  expect(await admin.describe([name])).toEqual([{ ...definition, replicationFactor: 1 }])
  await kafka.ensureTopics([definition])
  const unmade = { name: `${topic}-unmade`, partitions: 1, config: {} }
  await expect(kafka.ensureTopics([unmade, { ...definition, partitions: 4 }])).rejects.toMatchObject({
    code: 'topic-mismatch',
    message: expect.stringContaining(`topic ${name} has 3 partitions, but 4 are needed`),
  })
  expect(await admin.describe([unmade.name])).toEqual([])
})

test('the transaction timeout that is asked for is the one that the broker judges: one above its limit is refused, by name', async () => {
  const { kafka, groupId } = await onCluster()
  const init = (transactionTimeoutMs: number) =>
    kafka.transactionalProducer({ transactionalId: groupId, transactionTimeoutMs }).init()
  // The broker's default limit, transaction.max.timeout.ms.
  const limitMs = 15 * 60_000
  await expect(init(limitMs + 1)).rejects.toThrow(
    "transactionTimeoutMs is above the broker's transaction.max.timeout.ms",
  )
  await expect(init(limitMs)).resolves.toMatchObject({ epoch: 0 })
})
