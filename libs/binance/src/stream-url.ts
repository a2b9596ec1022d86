/** The exchange's limit for one connection. */
export const maxStreamsPerConnection = 1024

/** A longer list of streams does not fit into an address that every server takes: the others are subscribed to. */
export const maxStreamsInUrl = 200
/** Streams in one request. */
const maxStreamsInRequest = 200

/** How a connection gets the trades of its symbols: its address, and the requests to send once it is open. */
export interface Subscription {
  readonly url: string
  readonly requests: readonly { readonly id: number; readonly text: string }[]
}

/** Throws as `tradeStreamUrl` does. */
export function tradeSubscription(baseUrl: string, symbols: readonly string[]): Subscription {
  checkCount(symbols)
  const url = tradeStreamUrl(baseUrl, symbols.slice(0, maxStreamsInUrl))
  const requests: Subscription['requests'][number][] = []
  for (let from = maxStreamsInUrl; from < symbols.length; from += maxStreamsInRequest) {
    const id = requests.length + 1
    const params = symbols.slice(from, from + maxStreamsInRequest).map((symbol) => `${symbol.toLowerCase()}@trade`)
    requests.push({ id, text: JSON.stringify({ method: 'SUBSCRIBE', params, id }) })
  }
  return { url, requests }
}

/**
 * The address of the combined stream of these symbols' trades: `wss://host/stream?streams=btcusdt@trade/ethusdt@trade`. Throws a
 * RangeError, which says what to change, for a base that is no ws:// or wss:// address without a path, and for a list of symbols that
 * is empty or longer than one connection carries.
 */
export function tradeStreamUrl(baseUrl: string, symbols: readonly string[]): string {
  const unique = [...new Set(symbols)]
  checkCount(unique)
  const streams = unique.map((symbol) => `${encodeURIComponent(symbol.toLowerCase())}@trade`)
  return `${streamBase(baseUrl)}/stream?streams=${streams.join('/')}`
}

function checkCount({ length }: readonly string[]): void {
  if (length === 0) throw new RangeError('there is no symbol to take the trades of')
  if (length > maxStreamsPerConnection) {
    throw new RangeError(
      `${length} symbols do not fit into one connection: it carries ${maxStreamsPerConnection} streams`,
    )
  }
}

/** The base without a slash at its end. Throws as `tradeStreamUrl` does. */
export function streamBase(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    throw new RangeError(`the exchange's address ${JSON.stringify(baseUrl)} is not a ws:// or wss:// address`)
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new RangeError(
      `the exchange's address ${JSON.stringify(baseUrl)} has a path: give the host alone, such as ${url.protocol}//${url.host}`,
    )
  }
  return `${url.protocol}//${url.host}`
}
