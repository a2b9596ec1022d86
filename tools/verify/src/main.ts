import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { execa } from 'execa'
import { closingLine, tallyOfExit, tallyOfVitest, total, type Tally } from './tally.ts'

// `npm test`: formatting, types, lint and the three rings of tests, while the servers for the outer rings are being fetched.
// `npm run nightly`: the same with many more runs of each property, and the tests that take longer.

const nightly = process.argv[2] === 'nightly'
const environment: Record<string, string> = nightly ? { PROPERTY_RUNS: '10000', TIDEMARK_NIGHTLY: '1' } : {}
const reports = await mkdtemp(join(tmpdir(), 'tidemark-reports-'))
const running = new AbortController()

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => running.abort())

const startedMs = performance.now()
const servers = fetchServers()
const tallies: Tally[] = []
try {
  tallies.push(
    await check('formatting', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']),
  )
  tallies.push(await check('types', ['node_modules/typescript/bin/tsc', '-b']))
  tallies.push(await check('lint', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings=0']))
  tallies.push(await vitest('unit'))
  tallies.push(await clients())
  tallies.push(await servers)
  tallies.push(await vitest('integration'))
  tallies.push(await vitest('e2e'))
  if (nightly) tallies.push(await chaos())
} finally {
  await rm(reports, { recursive: true, force: true })
}

const sum = total(tallies)
console.log(`\n${Math.round((performance.now() - startedMs) / 1_000)} s`)
console.log(closingLine(sum))
process.exitCode = sum.failed > 0 || running.signal.aborted ? 1 : 0

/** The outer rings need real servers; getting them takes minutes on a new machine and overlaps with everything before. */
async function fetchServers(): Promise<Tally> {
  const fetched = await node(['--conditions=@tidemark/source', 'tools/stack/src/main.ts', 'fetch'])
  if (fetched !== 0) console.error('✗ the servers could not be fetched')
  return tallyOfExit(fetched)
}

/** Clients of the exchange that others wrote, against the simulator. Those of PyPI take a minute to install. */
async function clients(): Promise<Tally> {
  const only = nightly ? [] : ['--only', 'npm']
  const script = 'tools/exchange-simulator/src/bin/clients.ts'
  return check('third-party clients', ['--conditions=@tidemark/source', script, ...only])
}

/** All proofs, three rounds of each, with another seed every day: it is printed, and replays with `--seed`. */
async function chaos(): Promise<Tally> {
  const seed = Math.floor(Date.now() / 86_400_000)
  const args = ['--rounds', '3', '--seed', String(seed)]
  return check(`chaos, seed ${seed}`, ['--conditions=@tidemark/source', 'tools/chaos/src/main.ts', ...args])
}

async function check(name: string, args: readonly string[]): Promise<Tally> {
  console.log(`\n── ${name}`)
  const exitCode = await node(args)
  console.log(exitCode === 0 ? `✓ ${name}` : `✗ ${name}`)
  return tallyOfExit(exitCode)
}

async function vitest(project: string): Promise<Tally> {
  console.log(`\n── tests: ${project}`)
  const report = join(reports, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const exitCode = await node(['node_modules/vitest/vitest.mjs', 'run', `--project=${project}`, ...reporters])
  return tallyOfVitest(await readFile(report, 'utf8').catch(() => undefined), exitCode)
}

async function node(args: readonly string[]): Promise<number | undefined> {
  if (running.signal.aborted) return undefined
  const { exitCode } = await execa(process.execPath, args, {
    stdio: 'inherit',
    reject: false,
    env: environment,
    cancelSignal: running.signal,
    forceKillAfterDelay: 30_000,
  })
  return exitCode
}
