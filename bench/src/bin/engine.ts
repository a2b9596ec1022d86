// The reference job as an app runs it, in a process of its own. Stopped by SIGTERM.
import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { run } from '@tidemark/streams'
import { engineTopology } from '../jobs/engine-topology.ts'
import { jobSettings } from '../job-settings.ts'
import { startMarks } from '../marks.ts'
import { candleTradeCodec } from '../trade-codec.ts'

const settings = jobSettings(process.argv.slice(2))
const { applicationId, bootstrapServers, input, output, windowMs, graceMs, commitIntervalMs } = settings
const marks = startMarks(process, settings)
const kafka = kafkaPorts({ bootstrapServers, clientId: applicationId })
const topology = engineTopology(await candleTradeCodec(input), {
  input,
  output,
  windowMs,
  graceMs,
  onTrade: marks.seen,
})
const app = run(topology, { applicationId, kafka, guarantee: 'exactly-once', commitIntervalMs })
process.on('SIGTERM', () => void app.stop())
try {
  await app.done
} finally {
  await kafka.close()
  marks.close()
}
