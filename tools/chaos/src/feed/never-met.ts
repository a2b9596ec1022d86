import { ACT_NAMES } from './feed-acts.ts'
import { struckKinds } from './feed-strikes.ts'

/** So many rounds have every act, and every kind of fault in turn. */
const WHOLE_ROUNDS = 3

/** What a round says of what it met with; a round that could not be finished says nothing. */
export interface Met {
  readonly acts?: Readonly<Record<string, number>>
  readonly faults?: Readonly<Record<string, number>>
  readonly overtaken?: number
  readonly filled?: number
}

/** What none of these rounds has met with, though so many of them should have: what they have not shown. */
export function neverMet(rounds: readonly Met[], leavesOut: boolean): string[] {
  if (rounds.length < WHOLE_ROUNDS) return []
  const met = new Set(rounds.flatMap(({ acts, faults }) => [...Object.keys(acts ?? {}), ...Object.keys(faults ?? {})]))
  const happened = (figure: 'overtaken' | 'filled') => rounds.some((round) => (round[figure] ?? 0) > 0)
  return [
    ...[...ACT_NAMES, ...struckKinds(leavesOut)].filter((name) => !met.has(name)),
    ...(['overtaken', 'filled'] as const).filter((figure) => !happened(figure)),
  ]
}
