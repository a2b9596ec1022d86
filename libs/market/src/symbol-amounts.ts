/** The name that stands for all symbols without an amount of their own. */
export const anySymbol = '*'

export type ParsedSymbolAmounts =
  | { readonly ok: true; readonly value: ReadonlyMap<string, number> }
  | { readonly ok: false; readonly issues: readonly string[] }

/** Reads amounts above zero by symbol, such as `BTCUSDT=250000,*=100000`; `what` names them in the issues. All that is wrong is listed at once. */
export function parseSymbolAmounts(what: string, text: string): ParsedSymbolAmounts {
  const amounts = new Map<string, number>()
  const issues: string[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    const match = /^([A-Z0-9]+|\*)\s*=\s*(\d+(?:\.\d+)?)$/i.exec(entry)
    const symbol = (match?.[1] ?? '').toUpperCase()
    const amount = Number(match?.[2])
    if (match === null || !(amount > 0) || !Number.isFinite(amount)) {
      issues.push(`${what} "${entry}": expected SYMBOL=number above zero, or *=number`)
    } else if (amounts.has(symbol)) {
      issues.push(`${what} "${entry}": ${symbol} has a ${what} already`)
    }
    amounts.set(symbol, amount)
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, value: amounts }
}
