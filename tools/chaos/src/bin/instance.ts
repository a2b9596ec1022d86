// One instance of the application under test, as a process of its own: it is killed from outside.
import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { run, type RunOptions } from '@tidemark/streams'
import { jobs, type JobName } from '../jobs/jobs.ts'

const [, , bootstrapServers = '', applicationId = '', jobName, guarantee, input = '', output = '', table = ''] =
  process.argv

const kafka = kafkaPorts({ bootstrapServers, clientId: applicationId })
const app = run(jobs[jobName as JobName].topology({ input, output, table }), {
  applicationId,
  kafka,
  guarantee: guarantee as RunOptions['guarantee'],
  sessionTimeoutMs: 6_000,
  // Some of what a commit holds has left before it, whenever an instance is killed.
  maxBatchBytes: 1_000,
  logger: {
    debug: () => undefined,
    info: (fields, message) => console.log(message, JSON.stringify(fields)),
    warn: (fields, message) => console.log(message, JSON.stringify(fields)),
    error: (fields, message) => console.log(message, JSON.stringify(fields)),
  },
})
process.on('SIGTERM', () => void app.stop())
try {
  await app.done
} finally {
  await kafka.close()
}
