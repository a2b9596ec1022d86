import { eventTimeMs } from './frame-times.ts'
import { IdRanges } from './id-ranges.ts'
import type { RecordingBatch } from './recording-reader.ts'
import { SimulatorError } from './simulator-error.ts'
import { streamSymbol } from './source-frame.ts'
import type { SourceFrame } from './source-frame.ts'

/** What a recording holds, after every line of it was checked. */
export interface RecordingSummary {
  readonly framesTotal: number
  readonly streams: ReadonlySet<string>
  /** In order of first appearance. */
  readonly symbols: readonly string[]
  readonly trades: ReadonlyMap<string, IdRanges>
  readonly firstReceivedAtUs: number
  /** `E` of the first frame; its receive time where it has none. */
  readonly firstEventTimeMs: number
}

/**
 * Reads a whole recording once: counts frames and distinct trades per symbol, and checks each payload, so that a bad
 * line is known before anything is served. `symbols`, if given, leaves all other symbols out; one that the recording
 * does not have is an error that lists those it has. Memory grows with the number of breaks in the trade ids only.
 */
export async function summariseRecording(
  file: string,
  batches: AsyncIterable<RecordingBatch>,
  symbols?: ReadonlySet<string>,
): Promise<RecordingSummary> {
  const seen = new Set<string>()
  const streams = new Set<string>()
  const trades = new Map<string, IdRanges>()
  let framesTotal = 0
  let first: SourceFrame | undefined
  for await (const { firstLine, frames } of batches) {
    for (const [index, frame] of frames.entries()) {
      const symbol = streamSymbol(frame.stream ?? '')
      const trade = checkPayload(frame)
      if (!trade.ok)
        throw new SimulatorError('bad-recording', `recording ${file} line ${firstLine + index}: ${trade.issue}`)
      seen.add(symbol)
      if (symbols !== undefined && !symbols.has(symbol)) continue
      first ??= frame
      framesTotal += 1
      streams.add(frame.stream ?? '')
      if (!trades.has(symbol)) trades.set(symbol, new IdRanges())
      if (trade.tradeId !== undefined) trades.get(symbol)?.add(trade.tradeId)
    }
  }
  const missing = [...(symbols ?? [])].filter((symbol) => !seen.has(symbol))
  if (missing.length > 0) {
    const known = [...seen].join(', ') || 'none'
    throw new SimulatorError('bad-option', `recording ${file} has no ${missing.join(', ')}; its symbols are: ${known}`)
  }
  if (first === undefined) throw new SimulatorError('bad-recording', `recording ${file} holds no frames`)
  const firstEventTimeMs = eventTimeMs(first.bytes) ?? Math.floor(first.receivedAtUs / 1000)
  return {
    framesTotal,
    streams,
    symbols: [...trades.keys()],
    trades,
    firstReceivedAtUs: first.receivedAtUs,
    firstEventTimeMs,
  }
}

export type CheckedPayload = { ok: true; tradeId?: number } | { ok: false; issue: string }

/** The payload must be JSON, and a trade's id exact: a recording that breaks this is refused. */
export function checkPayload(frame: SourceFrame): CheckedPayload {
  let data: { e?: unknown; t?: unknown }
  try {
    data = (JSON.parse(frame.bytes.toString('utf8')) as { data: typeof data }).data
  } catch (error) {
    return { ok: false, issue: `the frame is not JSON: ${(error as Error).message}` }
  }
  if (data.e !== 'trade') return { ok: true }
  if (!Number.isSafeInteger(data.t))
    return { ok: false, issue: `trade id ${JSON.stringify(data.t)} is not an integer below 2^53` }
  return { ok: true, tradeId: data.t as number }
}
