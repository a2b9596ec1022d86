import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { readValues, RecordCollector, run, type Codec, type Topology } from '@tidemark/streams'
import { expect, inject, onTestFinished, test, vi } from 'vitest'

interface Example {
  readonly topology: Topology
  readonly orders: Codec<{ amount: number; placedAtMs: number }>
  readonly totals: Codec<{ customer: string; startMs: number; amount: number }>
}

/** The README's first example up to its test without a broker, as a module. */
async function exampleOfReadme(): Promise<Example> {
  const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8')
  const code = /^```ts\n([\s\S]*?)^\/\/ A test needs no broker/m.exec(readme)?.[1]
  if (code === undefined) throw new Error('README.md has no such example')
  const folder = join(import.meta.dirname, '../dist')
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'readme-example.ts')
  await writeFile(path, `${code}\nexport { orders, topology, totals }\n`)
  return (await import(path)) as Example
}

test('the example of the README runs on Kafka, and goes on where it was when it is started again', async () => {
  const { topology, orders, totals } = await exampleOfReadme()
  const bootstrapServers = inject('kafka')
  const kafka = kafkaPorts({ bootstrapServers, clientId: 'readme' })
  const admin = createAdmin({ bootstrapServers, clientId: 'readme' })
  onTestFinished(async () => {
    await kafka.close()
    await admin.close()
  })
  const topics = ['orders', 'order-totals', 'order-totals-late', 'readme-dlq']
  await admin.createTopics(topics.map((name) => ({ name, partitions: 2, replicationFactor: 1, config: {} })))
  const collector = new RecordCollector(kafka.producer({}))
  await collector.open('orders')
  const whileItRuns = async (action: () => Promise<void>) => {
    const app = run(topology, { applicationId: 'readme', kafka, guarantee: 'exactly-once' })
    await action()
    await app.stop()
    await app.done
  }
  const place = async (amount: number, placedAtMs: number) => {
    collector.add({ topic: 'orders', key: 'ada', value: { amount, placedAtMs }, codec: orders, timestampMs: 0 })
    await collector.flush()
  }
  const committed = async () =>
    (await admin.groupOffsets('readme', 'orders')).reduce((sum, { offset }) => sum + offset, 0)
  const results = async () => {
    const values: unknown[] = []
    for await (const { value } of readValues(kafka.logReader(), 'order-totals', totals)) values.push(value)
    return values
  }
  const soon = { timeout: 60_000, interval: 50 }
  await whileItRuns(async () => {
    await place(10, 1_000)
    await vi.waitFor(async () => expect(await committed()).toBeGreaterThanOrEqual(1), soon)
  })
  expect(await results()).toEqual([])
  await whileItRuns(async () => {
    await place(32, 59_999)
    await place(1, 62_000)
    await vi.waitFor(async () => expect(await results()).toHaveLength(1), soon)
  })
  expect(await results()).toEqual([{ customer: 'ada', startMs: 0, amount: 42 }])
})
