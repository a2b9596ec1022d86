/** Why a connection could not be made or did not last, in words that name the address and the likely cause. */
export function describeConnectFailure(error: Error & { readonly code?: string }, url: string): string {
  const { host, hostname } = new URL(url)
  const cause = causes[error.code ?? '']
  return cause === undefined ? `${host}: ${error.message}` : cause(host, hostname)
}

type Describe = (host: string, hostname: string) => string

const unresolved: Describe = (_host, hostname) =>
  `${hostname} can't be resolved: is the name right, and is there a network with name resolution?`
const untrusted: Describe = (host) =>
  `${host} shows a certificate that is not trusted here: for a server of your own, name its CA in NODE_EXTRA_CA_CERTS`

const causes: Readonly<Record<string, Describe>> = {
  ENOTFOUND: unresolved,
  EAI_AGAIN: unresolved,
  ECONNREFUSED: (host) => `nothing listens at ${host}: is it running, and is the address right?`,
  ECONNRESET: (host) => `${host} cut the connection`,
  EHOSTUNREACH: (host) => `there is no way to ${host} from this network`,
  ENETUNREACH: (host) => `there is no way to ${host} from this network`,
  ETIMEDOUT: (host) => `${host} does not answer: is it reachable from this network?`,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
}

/** Why the exchange answered the handshake with a plain HTTP status. */
export function describeRefusal(status: number, url: string): string {
  const { host } = new URL(url)
  const cause = refusals[status]
  return `${host} refused the WebSocket with status ${status}${cause === undefined ? '' : `: ${cause}`}`
}

const refusals: Readonly<Record<number, string>> = {
  403: 'its firewall turned this address away',
  404: 'it serves no streams at this path',
  418: 'this address is banned for a while, for going on after 429',
  429: 'too many connections from this address (300 in 5 minutes are allowed)',
  451: 'the exchange does not serve this location; wss://data-stream.binance.vision does',
}
