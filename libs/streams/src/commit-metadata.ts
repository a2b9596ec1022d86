import type { EventClockSnapshot } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'

/**
 * What is committed beside the offset where reading goes on. State is rebuilt from the input: the offset is that of the oldest
 * record of any open window, and this says up to where the input had been processed, and what time it was then.
 */
export interface CommitState {
  /** Everything below this offset had been processed, and its outputs written, when this was committed. */
  readonly processedTo: number
  readonly clock: EventClockSnapshot
  /** Late records since the last result, by state and key. None where they had no room. */
  readonly lateCounts: Readonly<Record<string, readonly (readonly [key: string, count: number])[]>>
}

/** What a task whose state is in changelogs commits with its offset: which states it has. */
export function formatChangelogStates(names: readonly string[]): string {
  return JSON.stringify({ changelogs: names })
}

/** The states that `formatChangelogStates` wrote; undefined for any other metadata. */
export function parseChangelogStates(text: string): readonly string[] | undefined {
  if (!text.startsWith('{"changelogs":')) return undefined
  return (JSON.parse(text) as { changelogs: string[] }).changelogs
}

/** What a reset commits with offsets while the state that belongs to them is being deleted: which states that was. */
export function formatResetUnderWay(changelogs: readonly string[]): string {
  return JSON.stringify({ reset: 'under way', changelogs })
}

/** True for what `formatResetUnderWay` wrote. */
export function isResetUnderWay(text: string): boolean {
  return text.startsWith('{"reset":')
}

/** The states that a commit names, whether a reset of them is under way or not; none where it names none. */
export function statesNamedIn(text: string): readonly string[] {
  if (isResetUnderWay(text)) return (JSON.parse(text) as { changelogs: string[] }).changelogs
  return parseChangelogStates(text) ?? []
}

/** What a broker accepts by default (`offset.metadata.max.bytes`). */
const MAX_METADATA_BYTES = 4_096
const VERSION = 1

interface Written {
  v: typeof VERSION
  p: number
  /** Largest stream time; the keys' are relative to it, since they are close together. */
  t?: number
  /** Per key: how far its stream time is behind `t`, and its heartbeat relative to `t` where there is one. */
  c?: Record<string, [behindMs: number] | [behindMs: number | null, heartbeatMs: number]>
  l?: Record<string, Record<string, number>>
}

/** What is committed; `leftOut` are the keys whose late counts it has not, for want of room: they are figures of results to come, not state. */
export interface FormattedState {
  readonly metadata: string
  readonly leftOut: number
}

/** Late counts are left out where they don't fit. Throws a StreamsError where the rest would be larger than a broker accepts. */
export function formatCommitState(state: CommitState, where: string): FormattedState {
  const written: Written = { v: VERSION, p: state.processedTo }
  if (state.clock.length > 0) {
    const largest = Math.max(...state.clock.map(([, streamTimeMs, heartbeatMs]) => Math.max(streamTimeMs, heartbeatMs)))
    written.t = largest
    written.c = {}
    for (const [key, streamTimeMs, heartbeatMs] of state.clock) {
      const behindMs = Number.isFinite(streamTimeMs) ? largest - streamTimeMs : null
      written.c[key] = Number.isFinite(heartbeatMs) ? [behindMs, largest - heartbeatMs] : [behindMs ?? 0]
    }
  }
  const text = JSON.stringify(written)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_METADATA_BYTES) {
    throw new StreamsError(
      'commit-metadata-too-large',
      `${where}: the clocks of ${state.clock.length} keys take ${bytes} bytes of commit metadata, ${MAX_METADATA_BYTES} are ` +
        "allowed: use more partitions, or clock: 'partition'",
    )
  }
  const late = Object.entries(state.lateCounts).filter(([, counts]) => counts.length > 0)
  if (late.length === 0) return { metadata: text, leftOut: 0 }
  const leftOut = new Set(late.flatMap(([, counts]) => counts.map(([key]) => key))).size
  // Each takes more than a byte: what can't fit is not written to see how long it is.
  if (leftOut > MAX_METADATA_BYTES) return { metadata: text, leftOut }
  written.l = Object.fromEntries(late.map(([name, counts]) => [name, Object.fromEntries(counts)]))
  const withLate = JSON.stringify(written)
  if (Buffer.byteLength(withLate) > MAX_METADATA_BYTES) return { metadata: text, leftOut }
  return { metadata: withLate, leftOut: 0 }
}

/** Reads what `formatCommitState` wrote; undefined for metadata of anyone else, such as a tool that set the offset. */
export function parseCommitState(text: string): CommitState | undefined {
  if (!text.startsWith('{"v":1,')) return undefined
  let written: Written
  try {
    written = JSON.parse(text) as Written
  } catch {
    return undefined
  }
  const largest = written.t ?? 0
  const clock = Object.entries(written.c ?? {}).map(([key, [behindMs, heartbeatMs]]) => {
    const streamTimeMs = behindMs === null ? -Infinity : largest - behindMs
    return [key, streamTimeMs, heartbeatMs === undefined ? -Infinity : largest - heartbeatMs] as const
  })
  const lateCounts = Object.fromEntries(
    Object.entries(written.l ?? {}).map(([name, counts]) => [name, Object.entries(counts)]),
  )
  return { processedTo: written.p, clock, lateCounts }
}
