import { ExactSum } from '@tidemark/windowing'

/**
 * The fewest doubles whose exact sum is the sum, largest first, for `ExactSum.restore`: each is what the ones before it leave, rounded
 * to the nearest double. They depend on the sum alone, where its partials depend on the order of the additions: equal sums have equal
 * parts, also after a restore. None for zero.
 */
export function exactParts(sum: ExactSum): number[] {
  const parts: number[] = []
  const rest = ExactSum.restore(sum.partials())
  for (let part = rest.value(); part !== 0; part = rest.value()) {
    parts.push(part)
    rest.add(-part)
  }
  return parts
}
