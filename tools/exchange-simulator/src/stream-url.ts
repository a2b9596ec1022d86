import type { TimeUnit } from './frame-times.ts'

/** Most streams one connection may have. */
export const MAX_STREAMS = 1024

/** What the address of a connection asks for. */
export interface Opening {
  readonly streams: readonly string[]
  /** Events come wrapped in `{"stream","data"}`. */
  readonly combined: boolean
  readonly timeUnit: TimeUnit
}

export type ParsedStreamUrl = { ok: true; opening: Opening } | { ok: false; status: 400 | 404; issue: string }

/**
 * Reads the path and query of a stream connection: `/ws`, `/ws/<a>/<b>`, `/stream`, `/stream?streams=a/b`, and
 * `timeUnit` on each. Names may be percent-encoded, and need not be streams that exist. What the exchange answers to a
 * bad address is not documented; here it is 400, and 404 for another path.
 */
export function parseStreamUrl(url: string): ParsedStreamUrl {
  const queryAt = url.indexOf('?')
  const path = queryAt < 0 ? url : url.slice(0, queryAt)
  const query = queryAt < 0 ? '' : url.slice(queryAt + 1)
  const [, root, ...names] = path.split('/')
  if (root !== 'ws' && root !== 'stream') return { ok: false, status: 404, issue: 'no such path: use /ws or /stream' }
  const combined = root === 'stream'
  try {
    const parameters = parseQuery(query)
    const timeUnit = (parameters.get('timeUnit') ?? undefined)?.toUpperCase()
    if (timeUnit !== undefined && timeUnit !== 'MICROSECOND' && timeUnit !== 'MILLISECOND') {
      return { ok: false, status: 400, issue: 'timeUnit is neither MILLISECOND nor MICROSECOND' }
    }
    const listed = combined ? (parameters.get('streams') ?? '').split('/') : names.map(decodeURIComponent)
    const streams = [...new Set(listed.filter((name) => name !== ''))]
    if (streams.length > MAX_STREAMS) return { ok: false, status: 400, issue: `more than ${MAX_STREAMS} streams` }
    return { ok: true, opening: { streams, combined, timeUnit } }
  } catch {
    return { ok: false, status: 400, issue: 'the address is not percent-encoded UTF-8' }
  }
}

/** URLSearchParams would read the `+` of a stream such as `btcusdt@kline_1d@+08:00` as a space. */
function parseQuery(query: string): Map<string, string> {
  const pairs = query.split('&').map((pair) => {
    const equals = pair.indexOf('=')
    return equals < 0 ? ([pair, ''] as const) : ([pair.slice(0, equals), pair.slice(equals + 1)] as const)
  })
  return new Map(pairs.map(([name, value]) => [decodeURIComponent(name), decodeURIComponent(value)]))
}
