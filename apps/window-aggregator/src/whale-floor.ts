import type { WhaleFloors } from '@tidemark/market'

/** The floor of each symbol; the first time that it is asked for one without a floor, `warn` is told why. */
export function whaleFloor(
  floors: WhaleFloors,
  warn: (message: string) => void,
): (symbol: string) => number | undefined {
  const known = new Set<string>()
  return (symbol) => {
    if (!known.has(symbol)) {
      known.add(symbol)
      for (const warning of floors.warningsFor([symbol])) warn(warning)
    }
    return floors.floorOf(symbol)
  }
}
