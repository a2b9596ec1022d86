import { seededRandom } from '../seeded-random.ts'
import type { Random } from '../seeded-random.ts'
import type { ConnectionChoice, Fault, FaultKind, FaultScript } from './fault.ts'

export interface RandomFaultOptions {
  readonly seed: number
  /** Faults happen within this time of the market; the last tenth is left calm. */
  readonly durationMs: number
  /** Mean time between faults; default 2 s. */
  readonly meanIntervalMs?: number
  /** Default: all kinds. */
  readonly kinds?: readonly FaultKind[]
}

const DEFAULT_INTERVAL_MS = 2000

const DRAWS: { readonly [Kind in FaultKind]: (random: Random) => Extract<Fault, { do: Kind }> } = {
  cut: (random) => ({ do: 'cut', connections: someConnections(random) }),
  'day-cut': (random) => ({ do: 'day-cut', connections: someConnections(random) }),
  'server-shutdown': (random) => ({ do: 'server-shutdown', connections: 'all', leadMs: between(random, 500, 3000) }),
  stall: (random) => ({ do: 'stall', connections: someConnections(random), forMs: between(random, 100, 4000) }),
  'delay-pongs': (random) => ({
    do: 'delay-pongs',
    connections: someConnections(random),
    forMs: between(random, 1000, 5000),
    delayMs: between(random, 100, 3000),
  }),
  lose: (random) => ({ do: 'lose', connections: someConnections(random), count: between(random, 1, 200) }),
  duplicate: (random) => ({ do: 'duplicate', connections: someConnections(random), count: between(random, 1, 200) }),
  reorder: (random) => ({ do: 'reorder', connections: someConnections(random), count: between(random, 2, 20) }),
  corrupt: (random) => ({ do: 'corrupt', connections: someConnections(random), count: between(random, 1, 5) }),
  'skip-ids': (random) => ({ do: 'skip-ids', count: between(random, 1, 50) }),
  'refuse-connects': (random) => ({ do: 'refuse-connects', forMs: between(random, 500, 3000), status: 503 }),
  'rest-error': (random) => {
    const status = [429, 418, 500, 503][random.integer(4)] ?? 503
    const forMs = between(random, 500, 4000)
    return { do: 'rest-error', forMs, status, ...(status < 500 && { retryAfterS: Math.ceil(forMs / 1000) }) }
  },
  'rest-slow': (random) => ({ do: 'rest-slow', forMs: between(random, 500, 4000), delayMs: between(random, 50, 2000) }),
  'rest-down': (random) => ({ do: 'rest-down', forMs: between(random, 500, 4000) }),
  'rest-lag': (random) => ({ do: 'rest-lag', forMs: between(random, 500, 4000), lagMs: between(random, 100, 2000) }),
}

export const FAULT_KINDS = Object.keys(DRAWS) as readonly FaultKind[]

/** A script of faults drawn from the options alone: same seed, same script. */
export function randomFaultScript(options: RandomFaultOptions): FaultScript {
  const { seed, durationMs, meanIntervalMs = DEFAULT_INTERVAL_MS, kinds = FAULT_KINDS } = options
  const random = seededRandom(seed, 'faults')
  const faults = []
  const endMs = durationMs * 0.9
  for (let atMs = nextMs(random, 0, meanIntervalMs); atMs < endMs; atMs = nextMs(random, atMs, meanIntervalMs)) {
    const kind = kinds[random.integer(kinds.length)]
    if (kind !== undefined) faults.push({ atMs, ...DRAWS[kind](random) })
  }
  return { seed, time: 'market', faults }
}

function nextMs(random: Random, atMs: number, meanIntervalMs: number): number {
  return atMs + Math.max(1, Math.round(random.exponential() * meanIntervalMs))
}

function between(random: Random, least: number, greatest: number): number {
  return least + random.integer(greatest - least + 1)
}

function someConnections(random: Random): ConnectionChoice {
  return random.uniform() < 0.5 ? 'one' : 'all'
}
