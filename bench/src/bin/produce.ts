// Produces the trades of a small topic over and over, as fast as it can. Ends by SIGTERM.
import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import type { Trade } from '@tidemark/schemas'
import { RecordCollector, type ProducerOptions } from '@tidemark/streams'
import { jobSettings } from '../job-settings.ts'
import { startMarks } from '../marks.ts'
import { readTrades } from '../read-trades.ts'
import { tradeCodec } from '../trade-codec.ts'

/** As many records make a transaction, on both sides. */
const TRANSACTION_RECORDS = 50_000
const FLUSH_BYTES = 2 * 1024 * 1024

const settings = jobSettings(process.argv.slice(2))
const { applicationId, bootstrapServers, input, output, records, transactional } = settings
const compression = settings.compression as NonNullable<ProducerOptions['compression']>
const kafka = kafkaPorts({ bootstrapServers, clientId: applicationId })
const pool = await readTrades(kafka, input)
const codec = await tradeCodec(input)
await codec.prepare?.()
// Counted when it has been acknowledged: the last one.
const marks = startMarks(process, { ...settings, records: records + 1 })
const write = transactional === 'true' ? await transactionalWriter() : await idempotentWriter()
for (let index = 0; index < records; index++) {
  write(pool[index % pool.length]!)
  marks.seen()
  const pending = write.due()
  if (pending !== undefined) await pending
}
await write.flush()
marks.seen()
process.once('SIGTERM', () => void kafka.close())

interface Writer {
  (trade: Trade): void
  /** What has to be waited for before more is written. */
  due(): Promise<void> | undefined
  flush(): Promise<void>
}

async function idempotentWriter(): Promise<Writer> {
  const collector = new RecordCollector(kafka.producer({ compression }))
  await collector.open(output)
  const flush = () => collector.flush()
  return Object.assign((trade: Trade) => add(collector, trade), {
    due: () => (collector.bufferedBytes < FLUSH_BYTES ? undefined : flush()),
    flush,
  })
}

async function transactionalWriter(): Promise<Writer> {
  const producer = kafka.transactionalProducer({ transactionalId: applicationId, compression })
  await producer.init()
  const reader = kafka.logReader()
  const send = () => Promise.reject(new Error('records of a transaction are sent by its commit'))
  const collector = new RecordCollector({ partitionCount: (topic) => reader.partitionCount(topic), send })
  await collector.open(output)
  const flush = async () => {
    await producer.commit({ batches: collector.batches(), groupId: applicationId, offsets: [] })
    collector.clear()
  }
  return Object.assign((trade: Trade) => add(collector, trade), {
    due: () => (collector.bufferedRecords < TRANSACTION_RECORDS ? undefined : flush()),
    flush,
  })
}

function add(collector: RecordCollector, trade: Trade): void {
  collector.add({ topic: output, key: trade.symbol, value: trade, codec, timestampMs: trade.trade_time_ms })
}
