import { simulatorCommand } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { readMalformedFile } from './malformed-file.ts'
import { openFaultScript } from './faults/fault-file.ts'
import { SimulatorError } from './simulator-error.ts'
import { startSimulator } from './simulator.ts'

/** Symbols that are listed when it starts; of more only the number. */
const MAX_NAMED = 20

async function run({ options, malformedFile, faults: faultsOption }: CommandLine): Promise<void> {
  const log = (message: string) => process.stderr.write(`${message}\n`)
  const malformed = malformedFile && (await readMalformedFile(malformedFile))
  const faults = faultsOption === undefined ? undefined : await openFaultScript(faultsOption)
  const simulator = await startSimulator({
    ...options,
    ...(malformed && { malformed }),
    ...(faults && { faults }),
    log,
  })
  const { frames_total, source, symbols } = simulator.status()
  const holds = source === 'recording' ? `${frames_total} frames of ` : ''
  const named = symbols.length <= MAX_NAMED ? symbols.join(', ') : `${symbols.length} symbols`
  log(`exchange simulator on ${simulator.url}: ${source}, ${holds}${named}`)
  if (simulator.tls) log(`TLS on ${simulator.tls.url}`)
  log(`status on ${simulator.httpUrl}/simulator/status`)
  const stop = () => void simulator.stop().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

try {
  await simulatorCommand(run).parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof SimulatorError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78 // EX_CONFIG of sysexits.h, as apps: it refuses what it was given, and will again
}
