import { probeExchange } from '@tidemark/binance'
import type { SimulatorStatus } from '@tidemark/exchange-simulator'
import { fetchSimulatorStatus } from './simulator-status.ts'
import type { AppProcess } from './app-process.ts'
import type { StartOptions, TradeSource } from './start-options.ts'

/** Where the producer connects to, and for which symbols. */
export interface OpenSource {
  readonly url: string
  readonly symbols: readonly string[]
  readonly description: string
  /** Port of the simulator, where there is one. */
  readonly simulatorPort?: number
}

export interface SourceSurroundings {
  readonly port: number
  /** The product's settings: SYMBOLS, BINANCE_WS_URL. */
  readonly env: NodeJS.ProcessEnv
  readonly log: (line: string) => void
  readonly wait: (ms: number) => Promise<void>
  startSimulator(args: readonly string[]): AppProcess
}

const LIVE_URL = 'wss://data-stream.binance.vision'
const DEFAULT_SYMBOLS = 'BTCUSDT,ETHUSDT,BNBUSDT'
const PROBE_TIMEOUT_MS = 5_000
const SIMULATOR_POLL_MS = 50

/** Opens the source that was asked for; where the exchange can't be reached, says so and opens a synthetic one. */
export async function openSource(options: StartOptions, surroundings: SourceSurroundings): Promise<OpenSource> {
  const { env, log } = surroundings
  if (options.source.kind !== 'live') return openSimulator(options, options.source, surroundings)
  const url = env['BINANCE_WS_URL'] || LIVE_URL
  const probe = await probeExchange(url, PROBE_TIMEOUT_MS)
  if (probe.ok) return { url, symbols: options.symbols ?? settingSymbols(env), description: `live from ${url}` }
  log(`the exchange can't be reached (${probe.reason}): taking a synthetic market instead`)
  return openSimulator(options, { kind: 'synthetic' }, surroundings)
}

async function openSimulator(
  options: StartOptions,
  source: Exclude<TradeSource, { kind: 'live' }>,
  surroundings: SourceSurroundings,
): Promise<OpenSource> {
  const { port, env } = surroundings
  const symbols = options.symbols ?? (source.kind === 'synthetic' ? settingSymbols(env) : undefined)
  const simulator = surroundings.startSimulator(simulatorArguments(options, source, { port, symbols }))
  const status = await simulatorReady(simulator, port, surroundings)
  const description =
    source.kind === 'recording'
      ? `${source.file}, ${status.trades_total.toLocaleString('en-US')} trades`
      : 'a synthetic market'
  return { url: `ws://127.0.0.1:${port}`, symbols: status.symbols, description, simulatorPort: port }
}

/** The simulator's command line. */
export function simulatorArguments(
  options: StartOptions,
  source: Exclude<TradeSource, { kind: 'live' }>,
  { port, symbols }: { readonly port: number; readonly symbols: readonly string[] | undefined },
): string[] {
  const { speed, shift, malformed, seed, duration } = options
  const args = [
    '--source',
    source.kind === 'recording' ? `recording:${source.file}` : 'synthetic',
    '--port',
    String(port),
  ]
  args.push('--speed', String(speed), '--seed', String(seed))
  if (symbols !== undefined) args.push('--symbols', symbols.join(','))
  if (shift !== undefined) args.push('--shift', shift)
  if (malformed !== undefined) args.push('--malformed', malformed)
  if (duration !== undefined && source.kind === 'synthetic') args.push('--duration', String(duration))
  return args
}

async function simulatorReady(
  simulator: AppProcess,
  port: number,
  { wait }: SourceSurroundings,
): Promise<SimulatorStatus> {
  const failed = simulator.ended.then(() => {
    throw new Error('the exchange simulator was stopped')
  })
  for (;;) {
    const status = await Promise.race([fetchSimulatorStatus(port), failed])
    if (status !== undefined) return status
    await Promise.race([wait(SIMULATOR_POLL_MS), failed])
  }
}

function settingSymbols(env: NodeJS.ProcessEnv): string[] {
  return (env['SYMBOLS'] || DEFAULT_SYMBOLS).split(',').map((symbol) => symbol.trim())
}
