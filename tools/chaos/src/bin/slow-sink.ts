// An application whose sink is slow, before a long backlog: prints what it held in memory, at most, and how large the process was.
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaPorts } from '@tidemark/kafka'
import { run, stream, type ExternalSink } from '@tidemark/streams'
import { sampleCodec, type Sample } from '../jobs/job.ts'

const [, , bootstrapServers = '', applicationId = '', input = '', maxBufferedBytes = '', records = '', pauseMs = ''] =
  process.argv

const total = Number(records)
const seen = { records: 0, bufferedBytes: 0, rssBytes: 0, firstRssBytes: process.memoryUsage.rss() }
const measure = () => {
  seen.bufferedBytes = Math.max(seen.bufferedBytes, app.health().bufferedBytes)
  seen.rssBytes = Math.max(seen.rssBytes, process.memoryUsage.rss())
}
const sink: ExternalSink<Sample> = {
  name: 'slow',
  async write(batch) {
    measure()
    await delay(Number(pauseMs))
    measure()
    seen.records += batch.length
  },
}
const kafka = kafkaPorts({ bootstrapServers, clientId: applicationId })
const app = run(stream(input, sampleCodec, { timestampMs: ({ timestampMs }) => timestampMs }).sink(sink), {
  applicationId,
  kafka,
  guarantee: 'exactly-once',
  maxBufferedBytes: Number(maxBufferedBytes),
  maxSinkRecords: 1_000_000,
})
try {
  while (seen.records < total) {
    await Promise.race([delay(20), app.done])
    measure()
  }
  await app.stop()
  await app.done
} finally {
  await kafka.close()
}
console.log(JSON.stringify(seen))
