import type { StreamsError } from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { partitionKey, type Position } from './fetch-positions.ts'
import { partitionName } from './kafka-error.ts'
import { backoffMs, isLoud } from './retry.ts'

interface Trouble {
  readonly position: Position
  readonly sinceMs: number
  attempt: number
  dueMs: number
  error: StreamsError | undefined
  reported: boolean
}

export interface RecoveryListener {
  /** Some partitions may be asked for again. */
  onRecovered(): void
  /** A partition cannot be read for as long as transient errors are repeated; it is tried on all the same. */
  onLasting(error: StreamsError): void
}

/**
 * Partitions whose leader is unknown, gone or refuses: each is left alone for a while, longer after each failure in a row, then
 * its leader is looked up anew.
 */
export class LeaderRecovery {
  readonly #link: ClusterLink
  readonly #listener: RecoveryListener
  readonly #troubles = new Map<string, Trouble>()
  #running = false

  constructor(link: ClusterLink, listener: RecoveryListener) {
    this.#link = link
    this.#listener = listener
  }

  /** Takes a partition out of the fetches. Without an error its leader is just not known yet, and is asked for at once. */
  block(position: Position, error?: StreamsError): void {
    const { time } = this.#link
    const known = this.#troubles.get(partitionKey(position))
    const trouble = known ?? { position, sinceMs: time.nowMs(), attempt: 0, dueMs: 0, error, reported: false }
    if (error !== undefined || known !== undefined) {
      trouble.attempt++
      trouble.dueMs = time.nowMs() + backoffMs(trouble.attempt, time.random())
    }
    trouble.error = error ?? trouble.error
    position.blocked = true
    this.#troubles.set(partitionKey(position), trouble)
    this.#report(trouble)
    if (!this.#running) void this.#run()
  }

  /** A partition answers again, or is read from elsewhere. */
  settled(position: Position): void {
    if (this.#troubles.size > 0) this.#troubles.delete(partitionKey(position))
  }

  clear(): void {
    this.#troubles.clear()
  }

  async #run(): Promise<void> {
    this.#running = true
    const { time, signal } = this.#link
    for (let blocked = this.#blocked(); blocked.length > 0 && !signal.aborted; blocked = this.#blocked()) {
      const dueMs = Math.min(...blocked.map((trouble) => trouble.dueMs))
      if (dueMs > time.nowMs()) await time.wait(dueMs - time.nowMs(), signal)
      await this.#lookUp(this.#blocked().filter((trouble) => trouble.dueMs <= time.nowMs()))
    }
    this.#running = false
  }

  async #lookUp(due: readonly Trouble[]): Promise<void> {
    if (due.length === 0) return
    let failure: StreamsError | undefined
    try {
      await this.#link.refresh([...new Set(due.map(({ position }) => position.topic))])
    } catch (error) {
      failure = error as StreamsError
    }
    for (const trouble of due) {
      const { position } = trouble
      if (this.#troubles.get(partitionKey(position)) !== trouble) continue
      if (failure === undefined && this.#link.leaderOf(position) !== undefined) position.blocked = false
      else this.block(position, failure)
    }
    this.#listener.onRecovered()
  }

  #blocked(): Trouble[] {
    return [...this.#troubles.values()].filter(({ position }) => position.blocked)
  }

  #report(trouble: Trouble): void {
    const { time, logger, retryForMs } = this.#link
    const { position, error, attempt } = trouble
    if (error === undefined) return
    if (isLoud(attempt))
      logger.warn({ code: error.code }, `${partitionName(position)} cannot be read now: ${error.message}`)
    if (trouble.reported || time.nowMs() - trouble.sinceMs < retryForMs) return
    trouble.reported = true
    this.#listener.onLasting(error)
  }
}
