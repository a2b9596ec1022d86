import { anySymbol, parseSymbolAmounts } from './symbol-amounts.ts'

/** Base volume of a symbol's VPIN buckets; undefined: it follows from the volume of its last whole day. */
export type VpinBuckets = (symbol: string) => number | undefined

export type ParsedVpinBuckets =
  { readonly ok: true; readonly value: VpinBuckets } | { readonly ok: false; readonly issues: readonly string[] }

/** Reads base volumes of VPIN buckets such as `BTCUSDT=10,*=500`, or one number for all symbols, or `off`. All that is wrong is listed at once. */
export function parseVpinBuckets(text: string): ParsedVpinBuckets {
  if (text.trim().toLowerCase() === 'off') return { ok: true, value: () => undefined }
  const isOneNumber = /^\s*[\d.]+\s*$/.test(text)
  const parsed = parseSymbolAmounts('VPIN bucket', isOneNumber ? `${anySymbol}=${text.trim()}` : text)
  if (!parsed.ok) return parsed
  const amounts = parsed.value
  return { ok: true, value: (symbol) => amounts.get(symbol) ?? amounts.get(anySymbol) }
}
