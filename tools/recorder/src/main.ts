import process from 'node:process'
import { systemClock } from '@tidemark/exchange-simulator'
import { recorderCommand } from './command-line.ts'
import { record, type RecordOptions } from './record.ts'
import { RecorderError } from './recorder-error.ts'

const log = (message: string): void => void process.stderr.write(`${message}\n`)

async function run(options: RecordOptions): Promise<void> {
  const recording = await record(options, {
    clock: systemClock,
    nowUs: () => Math.round((performance.timeOrigin + performance.now()) * 1_000),
    elapsedMs: () => performance.now(),
    log,
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => recording.stop())
  const { frames, skipped, connects, files } = await recording.done
  if (skipped > 0) log(`${skipped} frames have no place in a recording and were left out`)
  if (connects > 1) log(`the connection was made ${connects} times: what was sent in between is missing`)
  log(`${frames} frames in ${files.length === 0 ? 'no file' : files.join(', ')}`)
}

try {
  await recorderCommand(run).parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof RecorderError)) throw error
  log(error.message)
  process.exitCode = 1
}
