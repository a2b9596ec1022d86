import { Spot } from '@binance/spot'
import { answerWith, http, symbol, ws } from './answer.mjs'

const client = new Spot({
  configurationRestAPI: { apiKey: '', basePath: http },
  configurationWebsocketStreams: { wsURL: ws },
})
const reply = await client.restAPI.exchangeInfo()
const { symbols } = await reply.data()
const take = answerWith(symbols.map((each) => each.symbol))

const connection = await client.websocketStreams.connect()
connection.trade({ symbol: symbol.toLowerCase() }).on('message', ({ t, s, p, q }) => {
  take({ id: t, symbol: s, price: p, quantity: q })
})
