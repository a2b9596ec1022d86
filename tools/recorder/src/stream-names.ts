import { RecorderError } from './recorder-error.ts'

/** The exchange's limit for one connection. */
const maxStreams = 1024

/** Names of the streams of these kinds, such as `trade` or `kline_1m`, for each of the symbols. */
export function streamNames(symbols: readonly string[], kinds: readonly string[]): readonly string[] {
  const names = symbols.flatMap((symbol) => kinds.map((kind) => `${symbol.toLowerCase()}@${kind}`))
  const distinct = [...new Set(names)]
  if (distinct.length > maxStreams) {
    throw new RecorderError(`${distinct.length} streams do not fit into one connection: it carries ${maxStreams}`)
  }
  return distinct
}

/** The address of a combined connection. Throws a `RecorderError` for a base that is no ws:// or wss:// address. */
export function streamsUrl(base: string, names: readonly string[]): string {
  const url = URL.canParse(base) ? new URL(base) : undefined
  if (url === undefined || !['ws:', 'wss:'].includes(url.protocol)) {
    throw new RecorderError(`${base} is not a ws:// or wss:// address`)
  }
  const streams = names.map((name) => encodeURIComponent(name).replaceAll('%40', '@'))
  return `${url.protocol}//${url.host}/stream?streams=${streams.join('/')}`
}
