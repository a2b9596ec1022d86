import type { OutputLines } from './output-lines.ts'

/** How the outputs of one run are other than those of the run that they should be equal to. */
export interface LineDifferences {
  /** Records that are the same in both, in the same place. */
  readonly equal: number
  readonly missing: number
  readonly extra: number
  readonly different: number
  /** What is first wrong in some of the orders, for a person who looks for the cause. */
  readonly examples: readonly string[]
}

const MAX_EXAMPLES = 5

/** Sets each order of the one run against that of the other, record by record. */
export function compareLines(expected: OutputLines, actual: OutputLines): LineDifferences {
  let [equal, missing, extra, different] = [0, 0, 0, 0]
  const examples: string[] = []
  for (const order of new Set([...expected.keys(), ...actual.keys()])) {
    const [wanted, found] = [expected.get(order) ?? [], actual.get(order) ?? []]
    const common = Math.min(wanted.length, found.length)
    missing += wanted.length - common
    extra += found.length - common
    const same = wanted.filter((line, index) => line === found[index]).length
    equal += same
    different += common - same
    if (same === Math.max(wanted.length, found.length) || examples.length === MAX_EXAMPLES) continue
    const at = wanted.findIndex((line, index) => line !== found[index])
    const place = at < 0 ? common : at
    examples.push(`${order}, record ${place}: ${found[place] ?? 'none'} instead of ${wanted[place] ?? 'none'}`)
  }
  return { equal, missing, extra, different, examples }
}

export function isSame({ equal, missing, extra, different }: LineDifferences): boolean {
  return equal > 0 && missing + extra + different === 0
}
