import {
  ExchangeRest,
  requireSymbols,
  restTradeHistory,
  systemClock,
  trackExchangeClock,
  type ExchangeClock,
  type TradeHistory,
} from '@tidemark/binance'
import type { Logger } from '@tidemark/service'
import type { ProducerConfig } from './config.ts'

/** What the producer asks the exchange beside its streams. */
export interface ExchangeSide {
  readonly history: TradeHistory
  /** Rejects where the exchange does not have one of the symbols, naming near ones. False where it can't be asked. */
  requireSymbols(symbols: readonly string[], signal: AbortSignal): Promise<boolean>
  trackClock(): ExchangeClock
}

const liveRestUrl = 'https://api.binance.com'

/**
 * The exchange's REST side. Without BINANCE_REST_URL it is the exchange's own for its own streams, and the same server for any other: past
 * trades of another market than the streams' must never be mixed with them.
 */
export function exchangeRest(
  config: Pick<ProducerConfig, 'BINANCE_WS_URL' | 'BINANCE_REST_URL'>,
  logger: Logger,
): ExchangeSide {
  const rest = new ExchangeRest({ url: restUrl(config) })
  return {
    history: restTradeHistory(rest, logger),
    requireSymbols: (symbols, signal) => requireSymbols(rest, symbols, { logger, signal }),
    trackClock: () => trackExchangeClock({ rest, clock: systemClock, logger }),
  }
}

export function restUrl({
  BINANCE_WS_URL,
  BINANCE_REST_URL,
}: Pick<ProducerConfig, 'BINANCE_WS_URL' | 'BINANCE_REST_URL'>): string {
  if (BINANCE_REST_URL !== undefined) return BINANCE_REST_URL
  const { protocol, host, hostname } = new URL(BINANCE_WS_URL)
  if (/(^|\.)binance\.(com|vision)$/.test(hostname)) return liveRestUrl
  return `${protocol === 'wss:' ? 'https:' : 'http:'}//${host}`
}
