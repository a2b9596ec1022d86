import { createAdmin, createOperations, kafkaPorts } from '@tidemark/kafka'
import { RecordCollector, run, silentLogger, stream } from '@tidemark/streams'
import { startFaultProxy } from '@tidemark/testing'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { sampleCodec } from './jobs/job.ts'
import { readBack } from './read-back.ts'

const SESSION_TIMEOUT_MS = 6_000
/** Of one batch; held, they would take five minutes: longer than all that is waited for until they are let go, on any machine. */
const RECORDS = 6_000
const RECORD_MS = 50

const until = (law: () => void | Promise<void>) => vi.waitFor(law, { timeout: 60_000, interval: 100 })

/** Joins a group, alone and without a sign of life after: gone from it when the broker has counted a session from now on. */
async function silentMember(groupId: string, topic: string): Promise<void> {
  const proxy = await startFaultProxy({
    brokers: inject('kafka'),
    rules: [{ name: 'silent', on: 'request', api: 'Heartbeat', action: 'drop' }],
  })
  const kafka = kafkaPorts({ bootstrapServers: proxy.bootstrapServers, clientId: groupId })
  onTestFinished(async () => {
    await proxy.close()
    await kafka.close()
  })
  let joined = false
  const nothing = async () => undefined
  const assigned = async () => void (joined = true)
  const consumer = kafka.consumer({ groupId, sessionTimeoutMs: SESSION_TIMEOUT_MS })
  consumer.subscribe([topic], { assigned, revoked: nothing, lost: nothing })
  while (!joined) await consumer.poll(100)
}

test('a batch that takes longer than a session is committed once, by the member that began it', async () => {
  const bootstrapServers = inject('kafka')
  const applicationId = `long-batch-${Date.now()}`
  const [input, output, idle] = ['in', 'out', 'idle'].map((name) => `${applicationId}-${name}`) as [
    string,
    string,
    string,
  ]
  const client = { bootstrapServers, clientId: applicationId }
  const [admin, operations, kafka] = [createAdmin(client), createOperations(client), kafkaPorts(client)]
  await admin.createTopics([input, output, idle, `${applicationId}-dlq`].map((name) => ({ name, partitions: 1 })))
  const collector = new RecordCollector(kafka.producer({}))
  await collector.open(input)
  for (let sequence = 0; sequence < RECORDS; sequence++) {
    const value = { sequence, timestampMs: sequence, amount: 1 }
    collector.add({ topic: input, key: 'a', value, codec: sampleCodec, timestampMs: 0 })
  }
  await collector.flush()

  let isHeld = true
  const clock = new Int32Array(new SharedArrayBuffer(4))
  const topology = stream(input, sampleCodec, { timestampMs: ({ timestampMs }) => timestampMs })
    .map((sample) => {
      // As work does, it keeps the process from all else.
      if (isHeld) Atomics.wait(clock, 0, 0, RECORD_MS)
      return sample
    })
    .to(output, sampleCodec)
  const told: string[] = []
  const tell = (_: object, message: string) => void told.push(message)
  const app = run(topology, {
    ...{ applicationId, kafka, guarantee: 'exactly-once', sessionTimeoutMs: SESSION_TIMEOUT_MS },
    logger: { ...silentLogger, info: tell, warn: tell, error: tell },
  })
  onTestFinished(async () => {
    isHeld = false
    await app.stop()
    await kafka.close()
    await operations.close()
    await admin.close()
  })
  await until(() => expect(app.health().processed).toBeGreaterThan(0))
  const begun = await operations.describeGroup(applicationId)
  expect(begun).toMatchObject({ state: 'Stable', members: [{}] })

  // The broker has counted a whole session when it has removed one that joined later and then was silent.
  const control = `${applicationId}-control`
  await silentMember(control, idle)
  await until(async () => expect((await operations.describeGroup(control)).members).toEqual([]))
  expect(app.health().processed).toBeLessThan(RECORDS)
  expect(await admin.groupOffsets(applicationId, input)).toEqual([])
  expect(await operations.describeGroup(applicationId)).toEqual(begun)

  isHeld = false
  await until(async () => expect(await admin.groupOffsets(applicationId, input)).toMatchObject([{ offset: RECORDS }]))
  expect(await operations.describeGroup(applicationId)).toEqual(begun)
  expect(told.filter((message) => message === 'partitions assigned')).toHaveLength(1)
  expect(app.health().processed).toBe(RECORDS)
  const copies = await readBack(kafka.logReader(), output, sampleCodec)
  expect(copies.map(({ value }) => value.sequence)).toEqual(Array.from({ length: RECORDS }, (_, index) => index))
})
