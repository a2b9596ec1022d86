import { refusePromise } from '@tidemark/windowing'
import type { Next, Operator } from './operator.ts'
import type { StreamRecord } from './stream-record.ts'

/** Says whether a record belongs to a branch. */
export type BranchPredicate<V, K = string> = (value: V, record: StreamRecord<V, K>) => boolean

/** The outlet of what no predicate takes. */
export const REST = 'rest'

/** Hands each record to the first branch whose predicate takes it; time goes on in all of them. */
export function branchOperator<V>(
  predicates: readonly (readonly [name: string, takes: BranchPredicate<V>])[],
  next: Next<V>,
): Operator<V> {
  const rest = next(REST)
  const branches = predicates.map(([name, takes]) => ({ name, takes, operator: next(name) }))
  // Outlets that are merged again, with nothing in between, are one operator.
  const all = [...new Set([...branches.map(({ operator }) => operator), rest])]
  return {
    process(record) {
      let taker = rest
      for (const { name, takes, operator } of branches) {
        const taken: unknown = takes(record.value, record)
        if (typeof taken !== 'boolean') refusePromise(taken, `branch ${name}: its predicate`)
        if (!taken) continue
        taker = operator
        break
      }
      for (const operator of all) {
        if (operator === taker) operator.process(record)
        else operator.advance(record.key)
      }
    },
    advance(key) {
      for (const operator of all) operator.advance(key)
    },
  }
}
