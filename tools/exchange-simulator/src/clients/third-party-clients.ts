/** A client of the exchange that somebody else wrote, and the script that uses it unmodified. */
export interface ThirdPartyClient {
  /** Its name in its registry. */
  readonly name: string
  readonly registry: 'npm' | 'pypi'
  /** From this package's folder. */
  readonly script: string
  /** Made for addresses with TLS only. */
  readonly overTls?: true
}

export const thirdPartyClients: readonly ThirdPartyClient[] = [
  { name: '@binance/spot', registry: 'npm', script: 'clients/binance-spot.mjs', overTls: true },
  { name: 'binance', registry: 'npm', script: 'clients/binance.mjs' },
  { name: 'ccxt', registry: 'npm', script: 'clients/ccxt.mjs' },
  { name: 'node-binance-api', registry: 'npm', script: 'clients/node-binance-api.mjs' },
  { name: 'python-binance', registry: 'pypi', script: 'clients/python-binance.py' },
  { name: 'unicorn-binance-websocket-api', registry: 'pypi', script: 'clients/unicorn-binance.py' },
]
