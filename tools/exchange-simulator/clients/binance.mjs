import { MainClient, WebsocketClient } from 'binance'
import { answerWith, http, symbol, ws } from './answer.mjs'

const rest = new MainClient({ baseUrl: http })
const { symbols } = await rest.getExchangeInfo()
const take = answerWith(symbols.map((each) => each.symbol))

const streams = new WebsocketClient({ wsUrl: ws })
streams.on('message', (event) => {
  const { e, t, s, p, q } = event.data ?? event
  if (e === 'trade') take({ id: t, symbol: s, price: p, quantity: q })
})
await streams.subscribe([`${symbol.toLowerCase()}@trade`], 'main')
