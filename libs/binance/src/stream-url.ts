/** The exchange's limit for one connection. */
export const maxStreamsPerConnection = 1024

/**
 * The address of the combined stream of these symbols' trades: `wss://host/stream?streams=btcusdt@trade/ethusdt@trade`. Throws a
 * RangeError, which says what to change, for a base that is no ws:// or wss:// address without a path, and for a list of symbols that
 * is empty or longer than one connection carries.
 */
export function tradeStreamUrl(baseUrl: string, symbols: readonly string[]): string {
  const streams = [...new Set(symbols)].map((symbol) => `${encodeURIComponent(symbol.toLowerCase())}@trade`)
  if (streams.length === 0) throw new RangeError('there is no symbol to take the trades of')
  if (streams.length > maxStreamsPerConnection) {
    throw new RangeError(
      `${streams.length} symbols do not fit into one connection: it carries ${maxStreamsPerConnection} streams`,
    )
  }
  return `${streamBase(baseUrl)}/stream?streams=${streams.join('/')}`
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
