// One of the jobs as an app runs it, in a process of its own. Stopped by SIGTERM.
import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { run } from '@tidemark/streams'
import { jobSettings } from '../job-settings.ts'
import { engineTopology } from '../jobs/engine-topology.ts'
import { mapTopology } from '../jobs/map-topology.ts'
import { startMarks } from '../marks.ts'
import { candleTradeCodec, tradeCodec } from '../trade-codec.ts'

const MAX_WINDOWS = 10_000_000

const [job, ...args] = process.argv.slice(2)
const settings = jobSettings(args)
const { applicationId, bootstrapServers, input, output, windowMs, graceMs, commitIntervalMs } = settings
const marks = startMarks(process, settings)
const kafka = kafkaPorts({ bootstrapServers, clientId: applicationId })
const topology =
  job === 'map'
    ? mapTopology(await tradeCodec(input), { input, output, onTrade: marks.seen })
    : engineTopology(await candleTradeCodec(input), { input, output, windowMs, graceMs, onTrade: marks.seen })
const app = run(topology, {
  applicationId,
  kafka,
  guarantee: 'exactly-once',
  commitIntervalMs,
  ...(job === 'restore' && { maxOpenWindows: MAX_WINDOWS, maxStateEntries: MAX_WINDOWS, logger: marks.restoreLogger }),
})
process.on('SIGTERM', () => void app.stop())
try {
  await app.done
} finally {
  await kafka.close()
  marks.close()
}
