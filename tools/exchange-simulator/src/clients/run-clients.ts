import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { startSimulator, type Simulator } from '../simulator.ts'
import { findAnswer, judgeAnswer, type ClientAnswer } from './client-verdict.ts'
import { installNpmClients, installPypiClients } from './install-clients.ts'
import type { ThirdPartyClient } from './third-party-clients.ts'

const symbol = 'BTCUSDT'
const symbols = [symbol, 'ETHUSDT', 'BNBUSDT']
const clientTimeoutMs = 60_000
const maxTrades = 1_000

export interface RunClientsOptions {
  readonly clients: readonly ThirdPartyClient[]
  /** This package's folder. */
  readonly folder: string
  /** The program that runs scripts of npm's clients. */
  readonly node: string
  readonly signal: AbortSignal
  readonly log: (message: string) => void
}

/**
 * Runs clients, one after the other, against a simulator with a synthetic market: each has to read exchangeInfo and to receive trades, the
 * same that REST has from its first one on. Returns how many failed. Installs them first, where they are not.
 */
export async function runClients({ clients, folder, node, signal, log }: RunClientsOptions): Promise<number> {
  const installed = join(folder, 'clients')
  const has = (registry: ThirdPartyClient['registry']) => clients.some((client) => client.registry === registry)
  const programs = {
    npm: has('npm') ? await installNpmClients(installed, node) : '',
    pypi: has('pypi') ? await installPypiClients(installed) : '',
  }
  const temporary = await mkdtemp(join(tmpdir(), 'tidemark-clients-'))
  const certificateFile = join(temporary, 'exchange.pem')
  const simulator = await startSimulator({ source: { kind: 'synthetic' }, symbols, speed: 1, tls: { certificateFile } })
  let failed = 0
  try {
    for (const client of clients) {
      if (signal.aborted) break
      const startedMs = performance.now()
      const run = { program: programs[client.registry], script: join(folder, client.script), certificateFile, signal }
      const issues = await tryClient(client, simulator, run)
      const tookS = ((performance.now() - startedMs) / 1_000).toFixed(1)
      log(`${issues.length === 0 ? '✓' : '✗'} ${client.name} (${client.registry}), ${tookS} s`)
      for (const issue of issues) log(`    ${issue}`)
      if (issues.length > 0) failed++
    }
  } finally {
    await simulator.stop()
    await rm(temporary, { recursive: true })
  }
  return failed
}

interface ScriptRun {
  readonly program: string
  readonly script: string
  readonly certificateFile: string
  readonly signal: AbortSignal
}

async function tryClient(client: ThirdPartyClient, simulator: Simulator, run: ScriptRun): Promise<readonly string[]> {
  const { program, script, certificateFile, signal } = run
  const { httpUrl, url } = client.overTls === true && simulator.tls !== undefined ? simulator.tls : simulator
  const { stdout, stderr, timedOut } = await execa(program, [script], {
    env: {
      EXCHANGE_HTTP: httpUrl,
      EXCHANGE_WS: url,
      EXCHANGE_SYMBOL: symbol,
      NODE_EXTRA_CA_CERTS: certificateFile,
    },
    reject: false,
    timeout: clientTimeoutMs,
    killSignal: 'SIGKILL',
    cancelSignal: signal,
  })
  const answer = findAnswer(stdout)
  const published = await publishedSince(simulator, answer?.trades[0]?.id ?? 0)
  const issues = judgeAnswer(answer, published)
  if (issues.length === 0) return []
  const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-5)
  return [...issues.slice(0, 5), ...(timedOut ? [`it was ended after ${clientTimeoutMs / 1_000} s`] : []), ...last]
}

/** What the simulator has sent from an id on, by its REST side. */
async function publishedSince({ httpUrl }: Simulator, fromId: number): Promise<ClientAnswer> {
  const query = `symbol=${symbol}&fromId=${fromId}&limit=${maxTrades}`
  const response = await fetch(`${httpUrl}/api/v3/historicalTrades?${query}`)
  const rows = (await response.json()) as { id: number; price: string; qty: string }[]
  return {
    symbols,
    trades: rows.map(({ id, price, qty }) => ({ id, symbol, price: Number(price), quantity: Number(qty) })),
  }
}
