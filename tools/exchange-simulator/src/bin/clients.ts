import { join } from 'node:path'
import process from 'node:process'
import { Command, Option } from 'commander'
import { runClients } from '../clients/run-clients.ts'
import { thirdPartyClients } from '../clients/third-party-clients.ts'
import { SimulatorError } from '../simulator-error.ts'

// `npm run clients`: clients that others wrote, unmodified, against the simulator.

interface TypedIn {
  readonly only?: 'npm' | 'pypi'
}

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
const log = (message: string): void => void process.stdout.write(`${message}\n`)

async function run({ only }: TypedIn): Promise<void> {
  const failed = await runClients({
    clients: thirdPartyClients.filter(({ registry }) => only === undefined || registry === only),
    folder: join(import.meta.dirname, '../..'),
    node: process.execPath,
    signal: stopping.signal,
    log,
  })
  process.exitCode = failed > 0 || stopping.signal.aborted ? 1 : 0
}

try {
  await new Command('clients')
    .description('Runs third-party clients of the exchange, unmodified, against the simulator.')
    .addOption(new Option('--only <registry>', 'clients of one registry').choices(['npm', 'pypi']))
    .allowExcessArguments(false)
    .action(run)
    .parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof SimulatorError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
