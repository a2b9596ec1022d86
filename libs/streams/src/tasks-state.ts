import { StreamsError } from './errors.ts'
import type { StateEntry } from './read-state.ts'
import type { Task } from './task.ts'

// What all tasks of an instance hold in memory.

/** How many entries there are, by the name of the state. */
export function stateEntriesOf(tasks: readonly Task[]): ReadonlyMap<string, number> {
  const entries = new Map<string, number>()
  for (const task of tasks) {
    for (const state of [...task.states, ...task.tables])
      entries.set(state.name, (entries.get(state.name) ?? 0) + state.size())
  }
  return entries
}

/** The entries of a table; undefined where there is none of this name. */
export function tableEntriesOf(tasks: readonly Task[], name: string): StateEntry[] | undefined {
  const found = tasks.flatMap(({ partition, tables }) =>
    tables.filter((table) => table.name === name).map((table) => ({ partition, table })),
  )
  if (found.length === 0) return undefined
  return found.flatMap(({ partition, table }) =>
    [...table.entries()].map(([key, value]) => ({ partition, kind: 'table', key, value }) as const),
  )
}

/** Throws a `StreamsError` that names the largest state where there is more than may be. */
export function checkStateEntries(tasks: readonly Task[], maxStateEntries: number): void {
  const entries = [...stateEntriesOf(tasks)].sort(([, one], [, other]) => other - one)
  const total = entries.reduce((sum, [, count]) => sum + count, 0)
  if (total <= maxStateEntries) return
  throw new StreamsError(
    'limit-reached',
    `${total} entries of state are in memory, the limit (maxStateEntries) is ${maxStateEntries}; most are of ` +
      `${entries[0]?.[0]} (${entries[0]?.[1]}): too many keys or windows for one instance, or time that does not pass`,
  )
}
