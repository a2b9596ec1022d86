/** What `npm start` reads of an app's `/health`. */
export interface AppHealth {
  readonly status: string
  readonly partitions?: readonly { readonly topic: string; readonly partition: number; readonly committed: number }[]
  readonly [figure: string]: unknown
}

const TIMEOUT_MS = 2_000

/** An app's health, whatever its status; undefined while it does not answer. */
export async function fetchHealth(port: number): Promise<AppHealth | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return (await response.json()) as AppHealth
  } catch {
    return undefined
  }
}

/**
 * How many records of a topic an app still has to process and commit; undefined where it does not (yet) have all partitions with
 * records, which looks the same as being through with those it has.
 */
export function lagOf(health: AppHealth | undefined, topic: string, ends: readonly number[]): number | undefined {
  let lag = 0
  for (const [partition, end] of ends.entries()) {
    if (end === 0) continue
    const position = health?.partitions?.find((entry) => entry.topic === topic && entry.partition === partition)
    if (position === undefined) return undefined
    lag += Math.max(0, end - position.committed)
  }
  return lag
}
