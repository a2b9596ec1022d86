// One instance of the application under test, as a process of its own: it is killed from outside.
import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { run, type KafkaPorts, type RunOptions } from '@tidemark/streams'
import { jobs, type JobName } from '../jobs/jobs.ts'

const [
  ,
  ,
  bootstrapServers = '',
  applicationId = '',
  jobName,
  guarantee,
  input = '',
  output = '',
  table = '',
  timeout,
] = process.argv

const sessionTimeoutMs = 6_000
const log = (fields: object, message: string) => console.log(message, fields)
const logger = { debug: () => undefined, info: log, warn: log, error: log }
const kafka = kafkaPorts({
  bootstrapServers,
  clientId: applicationId,
  logger,
  ...(timeout !== undefined && { requestTimeoutMs: Number(timeout) }),
})
// An answer on joining that is lost is waited for this much longer, and most of a short round is over by then.
const consumer: KafkaPorts['consumer'] = (options) =>
  kafka.consumer(timeout === undefined ? options : { ...options, rebalanceTimeoutMs: sessionTimeoutMs })
const app = run(jobs[jobName as JobName].topology({ input, output, table }), {
  applicationId,
  kafka: { ...kafka, consumer },
  guarantee: guarantee as RunOptions['guarantee'],
  sessionTimeoutMs,
  // Some of what a commit holds has left before it, whenever an instance is killed.
  maxBatchBytes: 1_000,
  logger,
})
process.on('SIGTERM', () => void app.stop())
try {
  await app.done
} finally {
  await kafka.close()
}
