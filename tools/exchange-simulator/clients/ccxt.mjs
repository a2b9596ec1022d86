import ccxt from 'ccxt'
import { answerWith, http, symbol, ws } from './answer.mjs'

const exchange = new ccxt.pro.binance({ options: { fetchMarkets: { types: ['spot'] }, fetchCurrencies: false } })
exchange.urls.api.public = `${http}/api/v3`
exchange.urls.api.ws.spot = `${ws}/ws`
// It prepares its agent for addresses without TLS only when asked to.
await exchange.loadHttpProxyAgent()

const markets = await exchange.loadMarkets()
const take = answerWith(Object.values(markets).map((market) => market.id))
const { symbol: unified } = exchange.market(symbol)
const seen = new Set()
for (;;) {
  for (const { id, info, price, amount } of await exchange.watchTrades(unified)) {
    if (seen.has(id)) continue
    seen.add(id)
    take({ id, symbol: info.s, price, quantity: amount })
  }
}
