import { z } from 'zod'

/** Most faults of a script, and the longest that one of them lasts. */
const MAX_FAULTS = 100_000
const MAX_DURATION_MS = 24 * 3_600_000
/** Most frames that one fault touches: some of them are held meanwhile. */
const MAX_FRAMES = 10_000

const duration = z.number().min(0).max(MAX_DURATION_MS)
const count = z.int().min(1).max(MAX_FRAMES)
const symbols = z.array(z.string()).min(1).optional()
/** Which of the connections that are open when it happens; one is drawn by the seed. */
const connections = z.enum(['all', 'one', 'oldest', 'newest']).default('all')

const KINDS = [
  z.strictObject({ do: z.literal('cut'), connections }),
  z.strictObject({ do: z.literal('day-cut'), connections }),
  z.strictObject({ do: z.literal('server-shutdown'), connections, leadMs: duration.default(10_000) }),
  z.strictObject({ do: z.literal('stall'), connections, forMs: duration }),
  z.strictObject({ do: z.literal('delay-pongs'), connections, forMs: duration, delayMs: duration }),
  z.strictObject({ do: z.literal('lose'), connections, count, symbols }),
  z.strictObject({ do: z.literal('duplicate'), connections, count, symbols }),
  z.strictObject({ do: z.literal('reorder'), connections, count, symbols }),
  z.strictObject({ do: z.literal('corrupt'), connections, count, symbols }),
  z.strictObject({ do: z.literal('skip-ids'), count, symbols }),
  z.strictObject({ do: z.literal('refuse-connects'), forMs: duration, status: z.int().min(400).max(599).default(503) }),
  z.strictObject({
    do: z.literal('rest-error'),
    forMs: duration,
    status: z.int().min(400).max(599),
    retryAfterS: z.int().min(0).optional(),
  }),
  z.strictObject({ do: z.literal('rest-slow'), forMs: duration, delayMs: duration }),
  z.strictObject({ do: z.literal('rest-down'), forMs: duration }),
  z.strictObject({ do: z.literal('rest-lag'), forMs: duration, lagMs: duration }),
] as const

/** One thing that goes wrong, without its time. */
export const faultSchema = z.discriminatedUnion('do', KINDS)

const atMs = z.number().min(0)

const [first, ...others] = KINDS.map((kind) => kind.extend({ atMs }))

export const faultScriptSchema = z.strictObject({
  /** Decides what is left to chance: which connection, which order, which byte. */
  seed: z.int().default(1),
  /** What `atMs` counts: market time, or time of the clock, since the first subscription. */
  time: z.enum(['market', 'elapsed']).default('market'),
  faults: z.array(z.discriminatedUnion('do', [first!, ...others])).max(MAX_FAULTS),
})

export type Fault = z.output<typeof faultSchema>
export type FaultInput = z.input<typeof faultSchema>
export type FaultKind = Fault['do']
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { do: Kind }>
/** A fault that changes what is sent over a connection. */
export type LinkFault = FaultOf<'lose' | 'duplicate' | 'reorder' | 'corrupt'>
export type ConnectionChoice = FaultOf<'cut'>['connections']
export type TimedFault = Fault & { readonly atMs: number }

/** A script as it is written. */
export interface FaultScriptInput {
  readonly seed?: number | undefined
  readonly time?: 'market' | 'elapsed' | undefined
  readonly faults: readonly (FaultInput & { readonly atMs: number })[]
}

/** A script with all that was left out. */
export interface FaultScript {
  readonly seed: number
  readonly time: 'market' | 'elapsed'
  readonly faults: readonly TimedFault[]
}
