import Binance from 'node-binance-api'
import { answerWith, http, symbol, ws } from './answer.mjs'

const client = new Binance({
  urls: { base: `${http}/api/`, stream: `${ws}/ws/`, combineStream: `${ws}/stream?streams=` },
})
const { symbols } = await client.exchangeInfo()
const take = answerWith(symbols.map((each) => each.symbol))
client.websockets.trades([symbol], ({ t, s, p, q }) => take({ id: t, symbol: s, price: p, quantity: q }))
