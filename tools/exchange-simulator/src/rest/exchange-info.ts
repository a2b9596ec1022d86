import { symbolProfile } from '../symbol-profile.ts'
import { REQUESTS_PER_FIVE_MINUTES } from './request-budget.ts'
import { failed, found, unknownSymbol } from './rest-request.ts'
import type { RestOutcome, RestRequest } from './rest-request.ts'

const QUOTE_ASSETS = ['USDT', 'FDUSD', 'USDC', 'TUSD', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY']
const PRECISION = 8

/** `GET /api/v3/exchangeInfo`: limits, and all symbols or those asked for. One that is unknown fails the whole. */
export function exchangeInfo(request: RestRequest): RestOutcome {
  const { nowMs, parameters, symbols, time, weightPerMinute } = request
  const asked = parameters.symbols()
  const permissions = parameters.text('permissions')
  const status = parameters.text('symbolStatus')
  parameters.text('showPermissionSets')
  if (parameters.issue !== undefined) return failed(parameters.issue)
  if (asked?.names.some((name) => !symbols.includes(name))) return failed(unknownSymbol())
  const isAll = (permissions ?? 'SPOT').includes('SPOT') && (status ?? 'TRADING') === 'TRADING'
  const names = asked?.names ?? (isAll ? symbols : [])
  return found({
    timezone: 'UTC',
    serverTime: time(nowMs),
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: weightPerMinute },
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: REQUESTS_PER_FIVE_MINUTES },
    ],
    exchangeFilters: [],
    symbols: names.map(symbolInfo),
  })
}

/** Third parties read the first filter as PRICE_FILTER. */
function symbolInfo(symbol: string) {
  const { priceDecimals, quantityDecimals } = symbolProfile(symbol)
  const tickSize = (10 ** -priceDecimals).toFixed(PRECISION)
  const stepSize = (10 ** -quantityDecimals).toFixed(PRECISION)
  const { baseAsset, quoteAsset } = assetsOf(symbol)
  return {
    symbol,
    status: 'TRADING',
    baseAsset,
    baseAssetPrecision: PRECISION,
    quoteAsset,
    quotePrecision: PRECISION,
    quoteAssetPrecision: PRECISION,
    baseCommissionPrecision: PRECISION,
    quoteCommissionPrecision: PRECISION,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'],
    icebergAllowed: true,
    ocoAllowed: true,
    otoAllowed: true,
    opoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    amendAllowed: true,
    pegInstructionsAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: tickSize, maxPrice: '1000000.00000000', tickSize },
      { filterType: 'LOT_SIZE', minQty: stepSize, maxQty: '9000000000.00000000', stepSize },
      { filterType: 'ICEBERG_PARTS', limit: 10 },
      { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty: '9000000.00000000', stepSize: '0.00000000' },
      {
        filterType: 'NOTIONAL',
        minNotional: '5.00000000',
        applyMinToMarket: true,
        maxNotional: '9000000.00000000',
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: ['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
  }
}

/** A name that ends with no known quote asset is split after its first half. */
function assetsOf(symbol: string): { readonly baseAsset: string; readonly quoteAsset: string } {
  const known = QUOTE_ASSETS.find((asset) => symbol.endsWith(asset) && symbol.length > asset.length)
  const split = known === undefined ? Math.ceil(symbol.length / 2) : symbol.length - known.length
  return { baseAsset: symbol.slice(0, split), quoteAsset: symbol.slice(split) }
}
