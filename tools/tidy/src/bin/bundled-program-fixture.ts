import process from 'node:process'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import { jsonCodec, readValues, RecordBatchBuilder, run, stream } from '@tidemark/streams'
import { TopologyTestDriver } from '@tidemark/testing'

// What a user's program does with the engine, to be bundled: a topology on the test driver, then on a broker. Arguments: its address, and what
// names of topics begin with.

const [, , bootstrapServers = '', prefix = ''] = process.argv
const [input, output] = [`${prefix}-numbers`, `${prefix}-doubled`]
const numbers = jsonCodec<number>((json) => (typeof json === 'number' ? undefined : 'not a number'))
const doubled = stream(input, numbers, { timestampMs: () => 0 })
  .map((value) => value * 2)
  .to(output, numbers)

const driver = new TopologyTestDriver(doubled)
await driver.input(input, numbers).pipe('a', 21)
const tested = driver.read(output, numbers).map(({ value }) => value)
await driver.close()

const cluster = { bootstrapServers, clientId: prefix }
const admin = createAdmin(cluster)
const topics = [input, output, `${prefix}-dlq`]
await admin.createTopics(topics.map((name) => ({ name, partitions: 1 })))
const kafka = kafkaPorts(cluster)
for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
  const builder = new RecordBatchBuilder(input, 0)
  builder.appendValue(Buffer.from('a'), { value: 21, codec: numbers, timestampMs: 0 })
  const producer = kafka.producer({ compression })
  await producer.send([builder.batch()])
  await producer.close()
}
const app = run(doubled, { applicationId: prefix, kafka, guarantee: 'exactly-once' })
const reader = kafka.logReader()
let committed: number[] = []
while (committed.length < 4) {
  committed = []
  for await (const { value } of readValues(reader, output, numbers)) committed.push(value)
}
await app.stop()
await kafka.close()
await admin.deleteTopics(topics)
await admin.close()
process.stdout.write(JSON.stringify({ tested, committed }))
