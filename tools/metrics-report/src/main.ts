import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { drawnEstimators, judgedEstimators } from './estimators-report.ts'
import { drawnMetrics, readMetrics } from './metrics-report.ts'
import type { Picture } from './picture.ts'

// Makes the pictures of docs/metrics.md: from simulated markets whose truth is known, and from the windows of a recording.

const docsDir = fileURLToPath(new URL('../../../docs/metrics', import.meta.url))

const program = new Command('npm run pictures --').description('Draws the pictures of docs/metrics.md.')
program
  .command('estimators')
  .description('how good the estimators of volatility are, in simulated markets')
  .action(async () => save(await drawnEstimators(judgedEstimators())))
program
  .command('metrics')
  .description("a picture of each metric, from a recording's windows")
  .argument('<file>', 'JSON lines as `npm run oracle` prints them')
  .argument('<holed>', 'the same, of the recording with parts of it lost')
  .option('--symbol <symbol>', 'the symbol to draw', 'BTCUSDT')
  .action(async (file: string, holed: string, { symbol }: { symbol: string }) => {
    const read = async (path: string) => readMetrics(await readFile(path, 'utf8'), symbol)
    await save(await drawnMetrics(await read(file), await read(holed)))
  })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function save(pictures: readonly Picture[]): Promise<void> {
  await mkdir(docsDir, { recursive: true })
  for (const { name, svg } of pictures) {
    await writeFile(join(docsDir, `${name}.svg`), `${svg}\n`)
    process.stdout.write(`docs/metrics/${name}.svg\n`)
  }
}
