/** Times between two looks at the clock, in records: one look a record costs as much as a tenth of a fast job. */
const MOST_RECORDS_A_LOOK = 8
/** Records that take less than this each are looked at in groups. */
const QUICK_MS = 1
/** Heartbeats, fetches and health get their turn at least this often, unless a single record takes longer. */
const PAUSE_EVERY_MS = 50

export interface RecordPaceOptions {
  readonly deadlineMs: number
  nowMs(): number
  /** A turn for whatever else the process does. */
  pause(): Promise<void>
}

/** Watches how long records take: slow ones are found, and leave the rest of the process its turns. */
export class RecordPace {
  readonly #options: RecordPaceOptions
  #group = 1
  #left = 1
  #lookedMs = 0
  #pausedMs = 0

  constructor(options: RecordPaceOptions) {
    this.#options = options
  }

  /** Before the first record of a batch. */
  begin(): void {
    this.#lookedMs = this.#options.nowMs()
    this.#pausedMs = this.#lookedMs
    this.#group = 1
    this.#left = 1
  }

  /** After each record: true if it is time to `look`. */
  isDue(): boolean {
    return --this.#left === 0
  }

  /** Where the last records have taken longer than the deadline: how many they are, and how long. */
  look(): { readonly records: number; readonly tookMs: number } | undefined {
    const { nowMs, deadlineMs } = this.#options
    const now = nowMs()
    const tookMs = now - this.#lookedMs
    const records = this.#group
    this.#group = tookMs < QUICK_MS ? Math.min(MOST_RECORDS_A_LOOK, records * 2) : 1
    this.#left = this.#group
    this.#lookedMs = now
    return tookMs > deadlineMs ? { records, tookMs } : undefined
  }

  /** As of the last look: records have had the process to themselves for long enough. */
  get isPauseDue(): boolean {
    return this.#lookedMs - this.#pausedMs >= PAUSE_EVERY_MS
  }

  async pause(): Promise<void> {
    await this.#options.pause()
    this.#lookedMs = this.#options.nowMs()
    this.#pausedMs = this.#lookedMs
  }
}
