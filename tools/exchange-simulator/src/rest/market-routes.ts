import { exchangeInfo } from './exchange-info.ts'
import { klines } from './kline-route.ts'
import { failed, found } from './rest-request.ts'
import type { RestRoute } from './rest-request.ts'
import { ticker24hr, tickerPrice } from './ticker-routes.ts'
import { aggTrades, historicalTrades, trades } from './trade-routes.ts'

const ping: RestRoute['answer'] = ({ parameters }) =>
  parameters.issue === undefined ? found({}) : failed(parameters.issue)

const time: RestRoute['answer'] = ({ parameters, nowMs, time }) =>
  parameters.issue === undefined ? found({ serverTime: time(nowMs) }) : failed(parameters.issue)

/** The endpoints by their names below `/api/v3/`, with their documented weights. */
export const MARKET_ROUTES: ReadonlyMap<string, RestRoute> = new Map(
  Object.entries({
    ping: { weight: always(1), answer: ping },
    time: { weight: always(1), answer: time },
    exchangeInfo: { weight: always(20), answer: exchangeInfo },
    trades: { weight: always(25), answer: trades },
    historicalTrades: { weight: always(25), answer: historicalTrades },
    aggTrades: { weight: always(4), answer: aggTrades },
    klines: { weight: always(2), answer: klines },
    uiKlines: { weight: always(2), answer: klines },
    'ticker/24hr': { weight: ticker24hrWeight, answer: ticker24hr },
    'ticker/price': { weight: (query) => (query.has('symbol') ? 2 : 4), answer: tickerPrice },
  }),
)

function always(weight: number): RestRoute['weight'] {
  return () => weight
}

function ticker24hrWeight(query: URLSearchParams): number {
  if (query.has('symbol')) return 2
  const listed = query.get('symbols')?.split(',').length ?? Infinity
  return listed <= 20 ? 2 : listed <= 100 ? 40 : 80
}
