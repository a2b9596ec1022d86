import type { Clock } from './clock.ts'
import type { FrameSource, TimeWatch } from './frame-source.ts'
import { DEFAULT_HISTORY_TRADES } from './history/published-trades.ts'
import { malformedFrames } from './malformed-frames.ts'
import type { MalformedFrame } from './malformed-frames.ts'
import { MarketSource } from './market-source.ts'
import type { Speed } from './pacing.ts'
import { openRecordingSource } from './recording-source.ts'
import { SimulatorError } from './simulator-error.ts'

export const DEFAULT_SYMBOLS: readonly string[] = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT']
export const DEFAULT_TRADES_PER_SECOND = 20
/** Most symbols of a synthetic market. */
export const MAX_SYMBOLS = 2000

export interface RecordingOptions {
  readonly kind: 'recording'
  readonly file: string
  /** Moves all times by one constant, so that the first frame is now. Default: the recording's own times. */
  readonly shift?: 'now'
  /**
   * Where a connection begins: at the first frame, or at the present of one replay that began with the first subscription and
   * that all share, as on an exchange: what a reader misses it has to ask REST for. Default `start`.
   */
  readonly join?: 'start' | 'present'
}

export interface SyntheticOptions {
  readonly kind: 'synthetic'
  /** Mean trades a second and symbol; default 20. */
  readonly tradesPerSecond?: number
  /** Market time after which it ends; default never. */
  readonly durationMs?: number
  /** Market time of the start; default now, at the first subscription. */
  readonly startMs?: number
}

export interface SourceOptions {
  readonly source: RecordingOptions | SyntheticOptions
  /** Default: the recording's, or BTCUSDT, ETHUSDT, BNBUSDT. */
  readonly symbols?: readonly string[]
  /** Default 1. */
  readonly speed?: Speed
  /** Decides the synthetic market and where malformed frames go; default 1. */
  readonly seed?: number
  /** Frames mixed in once a replay, or once a market; `builtin` is `malformedFrames()`. Default none. */
  readonly malformed?: 'builtin' | readonly MalformedFrame[]
  /** Trades that REST can be asked about, the newest over all symbols; default 2,000,000. */
  readonly historyTrades?: number
}

/** Opens the source that the options describe; rejects with a `SimulatorError` for options that make no sense. */
export async function openSource(options: SourceOptions, clock: Clock, watch: TimeWatch): Promise<FrameSource> {
  const { source, speed = 1, seed = 1, historyTrades = DEFAULT_HISTORY_TRADES } = options
  if (speed !== 'max' && !(Number.isFinite(speed) && speed > 0))
    throw badOption(`speed ${speed} is neither max nor above 0`)
  if (!Number.isSafeInteger(seed)) throw badOption(`seed ${seed} is not an integer`)
  if (!(Number.isSafeInteger(historyTrades) && historyTrades > 0))
    throw badOption(`history ${historyTrades} is not a number of trades above 0`)
  const symbols = checkSymbols(options.symbols)
  const malformed = options.malformed === 'builtin' ? malformedFrames() : (options.malformed ?? [])
  if (source.kind === 'recording') {
    return openRecordingSource({
      file: source.file,
      speed,
      shiftToNow: source.shift === 'now',
      join: source.join ?? 'start',
      symbols,
      malformed,
      seed,
      historyTrades,
      clock,
      watch,
    })
  }
  const { tradesPerSecond = DEFAULT_TRADES_PER_SECOND, durationMs, startMs } = source
  if (!(tradesPerSecond > 0 && tradesPerSecond <= 1_000_000))
    throw badOption(`rate ${tradesPerSecond} is not in 0 to 1,000,000`)
  if (durationMs !== undefined && !(durationMs > 0)) throw badOption(`duration ${durationMs} ms is not above 0`)
  if (startMs !== undefined && !isStartTime(startMs)) throw badOption(`start ${startMs} is no time in ms`)
  return new MarketSource({
    symbols: symbols ?? DEFAULT_SYMBOLS,
    seed,
    tradesPerSecond,
    speed,
    startMs,
    durationMs,
    malformed,
    historyTrades,
    clock,
    watch,
  })
}

function checkSymbols(symbols: readonly string[] | undefined): readonly string[] | undefined {
  if (symbols === undefined) return undefined
  const bad = symbols.find((symbol) => !/^[\p{Lu}\p{Lo}\p{N}]{1,32}$/u.test(symbol))
  if (bad !== undefined) throw badOption(`symbol "${bad}" is not written as the exchange does, such as BTCUSDT`)
  if (symbols.length === 0) throw badOption('the list of symbols is empty')
  if (symbols.length > MAX_SYMBOLS) throw badOption(`more than ${MAX_SYMBOLS} symbols`)
  return [...new Set(symbols)]
}

/** Trade ids count from a thousand times the start, and must stay exact. */
function isStartTime(startMs: number): boolean {
  return Number.isInteger(startMs) && startMs >= 0 && Number.isSafeInteger(startMs * 1001)
}

function badOption(issue: string): SimulatorError {
  return new SimulatorError('bad-option', `exchange simulator: ${issue}`)
}
