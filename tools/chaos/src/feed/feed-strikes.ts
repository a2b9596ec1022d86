import type { FaultRecord, Simulator } from '@tidemark/exchange-simulator'
import { seededRandom } from '../seeded-random.ts'

type Strike = Parameters<Simulator['inject']>[0]

/** What the exchange does in turns, beside the faults of chance: three rounds with consecutive seeds have each of them. */
const STRIKES: readonly Strike[] = [
  { do: 'cut' },
  { do: 'reorder', count: 20 },
  { do: 'rest-error', status: 429, retryAfterS: 2, forMs: 3_000 },
  { do: 'stall', forMs: 3_000 },
  { do: 'duplicate', count: 100 },
  { do: 'rest-down', forMs: 3_000 },
  { do: 'day-cut' },
  { do: 'skip-ids', count: 20 },
  { do: 'server-shutdown', leadMs: 1_000 },
]
const TURNS = 3
export const leavingOut = 'lose'

/** The kinds that three rounds have to meet with, as they are named in a result. */
export function struckKinds(leavesOut: boolean): string[] {
  return [...STRIKES.map(kindOf), ...(leavesOut ? [leavingOut] : [])]
}

export interface StrikesOptions {
  readonly seed: number
  readonly leavesOut: boolean
  readonly simulator: Pick<Simulator, 'inject' | 'faults' | 'status'>
  readonly wait: (ms: number) => Promise<void>
  /** False when the market is about to end: nothing is struck from there on. */
  readonly goesOn: () => boolean
}

/** Strikes with the faults of this seed's turn, each until it has met something. */
export async function strike({ seed, leavesOut, simulator, wait, goesOn }: StrikesOptions): Promise<void> {
  const random = seededRandom(seed + 1_000_003)
  const ofTurn = STRIKES.filter((_strike, index) => index % TURNS === seed % TURNS)
  const strikes: Strike[] = [...ofTurn, ...(leavesOut ? [{ do: leavingOut, count: 50 } as const] : [])]
  for (const each of strikes) {
    await wait(1_000 + random() * 3_000)
    for (let isMet = false; !isMet && goesOn();) {
      if (simulator.status().connections.some(({ started }) => started)) {
        simulator.inject(each)
        const record = simulator.faults().at(-1)!
        // Connections that come anew ask REST for what they have missed.
        if ('forMs' in each && each.do !== 'stall') simulator.inject({ do: 'cut' })
        for (let left = 30; left > 0 && !hasMet(record); left--) await wait(100)
        isMet = hasMet(record)
      } else {
        await wait(100)
      }
    }
  }
}

/** Whether a fault has struck anything: a connection, a request, or the ids themselves. */
export function hasMet({ fault, connections, requests }: FaultRecord): boolean {
  return fault.do === 'skip-ids' || connections.length > 0 || requests > 0
}

export function kindOf(fault: Strike): string {
  return fault.do === 'rest-error' ? `${fault.do} ${fault.status}` : fault.do
}
