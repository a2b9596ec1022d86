import { StreamsError, type StreamsErrorCode } from './errors.ts'
import type { FailedCommit } from './guarantee.ts'
import type { TaskPosition } from './task-source.ts'

/** Long enough for heartbeats to find out whether the group has gone on without this member: taking a task back from its new owner is wrong. */
const FENCED_PAUSE_MS = 3_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** Of one task, in a row: some minutes, with what each commit has been retried for. */
const MOST_IN_A_ROW = 12
const GOLDEN_RATIO = 0.618_034

/** What a task's commits have come to since the last one that did not fail. */
export interface CommitFailures {
  /** How many have failed in a row. */
  readonly commits: number
  /** Of the last one. */
  readonly code: StreamsErrorCode
  readonly message: string
  /** When the task starts anew, or did. */
  readonly retryAtMs: number
}

/** How often commits of each task have failed since its last one that did not. */
export class FailedCommits {
  readonly #byPartition = new Map<number, CommitFailures & { readonly committed: string }>()

  /** When the task is to start anew: later each time. Throws `retries-exhausted` where that does not help. */
  add({ task, reason, error }: FailedCommit, nowMs: number): number {
    const { partition } = task
    const committed = committedOf(task.positions())
    const count = (this.of(partition, task.positions())?.commits ?? 0) + 1
    const retryAtMs = nowMs + pauseMs({ partition, count, reason })
    this.#byPartition.set(partition, { committed, commits: count, code: error.code, message: error.message, retryAtMs })
    if (count >= MOST_IN_A_ROW) {
      const message = `${count} commits in a row have failed of partition ${partition}, the last one: ${error.message}`
      throw new StreamsError('retries-exhausted', message, { cause: error })
    }
    return retryAtMs
  }

  /** What has failed of a partition since its last commit; undefined where that is the last thing that has happened. */
  of(partition: number, positions: readonly TaskPosition[]): CommitFailures | undefined {
    const found = this.#byPartition.get(partition)
    if (found?.committed !== committedOf(positions)) return undefined
    const { commits, code, message, retryAtMs } = found
    return { commits, code, message, retryAtMs }
  }
}

function committedOf(positions: readonly TaskPosition[]): string {
  return positions.map(({ committed }) => committed).join()
}

function pauseMs({ partition, count, reason }: { partition: number; count: number; reason: FailedCommit['reason'] }) {
  // A single failure is a move of everyday life.
  const ceilingMs = count === 1 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 2))
  // Over the upper half, evenly, so that not all tasks come back at once.
  const pause = ceilingMs * (0.5 + ((partition * GOLDEN_RATIO) % 1) / 2)
  return reason === 'fenced' ? Math.max(FENCED_PAUSE_MS, pause) : pause
}
