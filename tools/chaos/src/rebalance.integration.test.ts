import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { RecordCollector, run, silentLogger, type RunOptions, type StreamsApp } from '@tidemark/streams'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { sampleCodec } from './jobs/job.ts'
import { windowsJob } from './jobs/windows-job.ts'

const PARTITIONS = 4
const RECORDS = 400

interface Member {
  readonly app: StreamsApp
  /** What its log says about tasks that were taken up. */
  readonly log: { readonly message: string; readonly fields: object }[]
}

async function group(guarantee: RunOptions['guarantee']) {
  const bootstrapServers = inject('kafka')
  const applicationId = `rebalance-${guarantee}-${Date.now()}`
  const topics = { input: `${applicationId}-in`, output: `${applicationId}-out`, table: '' }
  const admin = createAdmin({ bootstrapServers, clientId: applicationId })
  onTestFinished(() => admin.close())
  const made = [topics.input, topics.output, `${applicationId}-dlq`]
  await admin.createTopics(
    made.map((topic) => ({ name: topic, partitions: PARTITIONS, replicationFactor: 1, config: {} })),
  )
  const start = (): Member => {
    const kafka = kafkaPorts({ bootstrapServers, clientId: applicationId })
    const log: Member['log'] = []
    const logger = { ...silentLogger, info: (fields: object, message: string) => void log.push({ message, fields }) }
    const app = run(windowsJob.topology(topics), { applicationId, kafka, guarantee, logger })
    onTestFinished(async () => {
      await app.stop()
      await kafka.close()
    })
    return { app, log }
  }
  const kafka = kafkaPorts({ bootstrapServers, clientId: applicationId })
  onTestFinished(() => kafka.close())
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  await collector.open(topics.input)
  for (let sequence = 0; sequence < RECORDS; sequence++) {
    const value = { sequence, timestampMs: 1_000 + sequence, amount: 1 }
    collector.add({ topic: topics.input, key: `key-${sequence % 40}`, value, codec: sampleCodec, timestampMs: 0 })
  }
  await collector.flush()
  return { start }
}

const has = (member: Member, partitions: number) =>
  vi.waitFor(() => expect(member.app.health()).toMatchObject({ ready: true, partitions: { length: partitions } }), {
    timeout: 60_000,
    interval: 20,
  })

test.each(['exactly-once', 'at-least-once'] as const)(
  'a member joins: the tasks that stay keep their state and restore nothing (%s)',
  async (guarantee) => {
    const { start } = await group(guarantee)
    const first = start()
    await has(first, PARTITIONS)
    await vi.waitFor(() => expect(first.app.health().processed).toBe(RECORDS), { timeout: 60_000, interval: 20 })
    first.log.length = 0
    const second = start()
    await has(second, 2)
    await has(first, 2)
    expect(first.log).toEqual([{ message: 'partitions assigned', fields: { partitions: 2, kept: 2, opened: 0 } }])
    expect(second.log.at(-1)).toMatchObject({ fields: { partitions: 2, kept: 0, opened: 2 } })
    await second.app.stop()
    await has(first, PARTITIONS)
    expect(first.log.at(-1)).toMatchObject({ fields: { partitions: 4, kept: 2, opened: 2 } })
    // What was processed is processed once, whoever had it.
    expect(first.app.health().processed).toBe(RECORDS)
  },
)
