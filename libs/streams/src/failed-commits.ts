import { StreamsError } from './errors.ts'
import type { FailedCommit } from './guarantee.ts'

/** Long enough for heartbeats to find out whether the group has gone on without this member: taking a task back from its new owner is wrong. */
const FENCED_PAUSE_MS = 3_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** Of one task, in a row: some minutes, with what each commit has been retried for. */
const MOST_IN_A_ROW = 12
const GOLDEN_RATIO = 0.618_034

/** How often commits of each task have failed since its last one that did not. */
export class FailedCommits {
  readonly #byPartition = new Map<number, { readonly committed: string; readonly count: number }>()

  /** How long the task waits before it starts anew: longer each time. Throws `retries-exhausted` where that does not help. */
  pauseMs({ task, reason, error }: FailedCommit): number {
    const committed = task
      .positions()
      .map((position) => position.committed)
      .join()
    const before = this.#byPartition.get(task.partition)
    const count = before?.committed === committed ? before.count + 1 : 1
    this.#byPartition.set(task.partition, { committed, count })
    if (count >= MOST_IN_A_ROW) {
      const message = `${count} commits in a row have failed of partition ${task.partition}, the last one: ${error.message}`
      throw new StreamsError('retries-exhausted', message, { cause: error })
    }
    // A single failure is a move of everyday life.
    const ceilingMs = count === 1 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 2))
    // Over the upper half, evenly, so that not all tasks come back at once.
    const pauseMs = ceilingMs * (0.5 + ((task.partition * GOLDEN_RATIO) % 1) / 2)
    return reason === 'fenced' ? Math.max(FENCED_PAUSE_MS, pauseMs) : pauseMs
  }
}
