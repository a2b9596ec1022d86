import { createHash } from 'node:crypto'
import { readBatches, RecordCollector, type LogReaderPort } from '@tidemark/streams'
import { TopologyTestDriver } from '@tidemark/testing'
import { sampleCodec, type Job, type JobTopics, type Read, type Sample } from './jobs/job.ts'
import type { StateJudgement } from './verdict.ts'

/** Begins the names of the test driver's changelogs. */
const UNDISTURBED = 'test-driver'

export interface KeptStates {
  readonly reader: LogReaderPort
  /** Of the application. */
  readonly changelogs: readonly string[]
  readonly applicationId: string
  readonly job: Job
  readonly topics: JobTopics
  /** All records of its input, which it has committed. */
  readonly written: readonly Read<Sample>[]
  readonly partitions: number
}

/** Compares by hash, changelog by changelog: one that only one of both has differs. */
export async function judgeStates(kept: KeptStates): Promise<StateJudgement> {
  const { reader, changelogs, applicationId } = kept
  const { kafka } = await undisturbedDriver(kept)
  const undisturbed = kafka.logReader()
  const own = new Set(changelogs.map((topic) => topic.slice(applicationId.length)))
  const others = new Set(kafka.topicNames.filter(isChangelog).map((topic) => topic.slice(UNDISTURBED.length)))
  const differingStates: string[] = []
  let stateEntries = 0
  for (const name of new Set([...own, ...others])) {
    const found = own.has(name) ? await entriesOf(reader, `${applicationId}${name}`) : undefined
    const expected = others.has(name) ? await entriesOf(undisturbed, `${UNDISTURBED}${name}`) : undefined
    if (hashOf(found) !== hashOf(expected)) differingStates.push(name)
    stateEntries += found?.length ?? 0
  }
  return { stateEntries, differingStates }
}

export function isChangelog(topic: string): boolean {
  return topic.endsWith('-changelog')
}

async function undisturbedDriver({ job, topics, written, partitions }: KeptStates): Promise<TopologyTestDriver> {
  const driver = new TopologyTestDriver(job.topology(topics), { partitions })
  const collector = new RecordCollector(driver.kafka.producer())
  await collector.open(topics.input)
  if (job.table !== undefined) await collector.open(topics.table)
  for (const [key, value] of job.table ?? []) collector.addBytes({ topic: topics.table, key, value, timestampMs: 0 })
  for (const { key, value } of written) {
    collector.add({ topic: topics.input, key, value, codec: sampleCodec, timestampMs: value.timestampMs })
  }
  await collector.flush()
  await driver.settle()
  return driver
}

/** The last version of each entry that is not gone, as text, in the order of their partitions and keys. */
async function entriesOf(reader: LogReaderPort, topic: string): Promise<string[]> {
  const entries = new Map<string, string>()
  for await (const batch of readBatches(reader, topic)) {
    for (const cursor = batch.cursor(); cursor.next();) {
      const place = `${batch.partition} ${cursor.key()?.toString('hex')}`
      const value = cursor.value()
      if (value === null) entries.delete(place)
      else entries.set(place, value.toString('hex'))
    }
  }
  return [...entries].map(([place, value]) => `${place} ${value}`).sort()
}

function hashOf(entries: readonly string[] | undefined): string | undefined {
  return entries && createHash('sha256').update(entries.join('\n')).digest('hex')
}
