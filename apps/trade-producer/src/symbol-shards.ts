export type ParsedShards =
  | { readonly ok: true; readonly shards: readonly (readonly string[])[] }
  | { readonly ok: false; readonly issue: string }

/**
 * The symbols of each shard: `BTCUSDT,ETHUSDT;BNBUSDT` is two shards. Blanks, new lines and case do not matter; a symbol that is named
 * twice in a shard counts once, and one in two shards is refused: both would write it.
 */
export function parseShards(text: string): ParsedShards {
  const shards = text.split(';').map((part) => [
    ...new Set(
      part
        .split(/[,\s]+/)
        .filter((symbol) => symbol !== '')
        .map((symbol) => symbol.toUpperCase()),
    ),
  ])
  const seen = new Set<string>()
  for (const [shard, symbols] of shards.entries()) {
    if (symbols.length === 0) return { ok: false, issue: `shard ${shard} has no symbols` }
    for (const symbol of symbols) {
      if (seen.has(symbol)) return { ok: false, issue: `${symbol} is in two shards: both would write it` }
      seen.add(symbol)
    }
  }
  return { ok: true, shards }
}
