import type { SourceFrame } from './source-frame.ts'

/** A trade of the synthetic market. Decimals are text of eight digits after the point, as the exchange writes them. */
export interface SimulatedTrade {
  readonly symbol: string
  readonly tradeId: number
  readonly price: string
  readonly quantity: string
  readonly tradeTimeMs: number
  readonly eventTimeMs: number
  /** True where the seller was the aggressor. */
  readonly isBuyerMaker: boolean
}

const WIRE_DECIMALS = 8

/** `units` times 10^-decimals as a decimal of eight digits after the point: by integer arithmetic, so it is exact. */
export function decimalText(units: number, decimals: number): string {
  const digits = `${units}`.padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  return `${whole}.${digits.slice(digits.length - decimals).padEnd(WIRE_DECIMALS, '0')}`
}

/** The trade as a combined-stream frame, field by field in the exchange's order. */
export function tradeFrame(trade: SimulatedTrade): SourceFrame {
  const stream = `${trade.symbol.toLowerCase()}@trade`
  const opening = `{"stream":"${stream}","data":`
  const data =
    `{"e":"trade","E":${trade.eventTimeMs},"s":"${trade.symbol}","t":${trade.tradeId},"p":"${trade.price}",` +
    `"q":"${trade.quantity}","T":${trade.tradeTimeMs},"m":${trade.isBuyerMaker},"M":true}`
  return {
    stream,
    bytes: Buffer.from(`${opening}${data}}`),
    dataStart: Buffer.byteLength(opening),
    receivedAtUs: trade.eventTimeMs * 1000,
    binary: false,
  }
}
