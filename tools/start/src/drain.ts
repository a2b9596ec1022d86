/** What the source has, and whether all of it has been sent. */
export interface SourceProgress {
  readonly done: boolean
  readonly trades: number
  readonly malformed: number
}

/** How far the pipeline has come, as read from Kafka and the apps. */
export interface PipelineProgress {
  readonly source: SourceProgress
  /** Distinct trades of the source in Kafka. */
  readonly trades: number
  /** Distinct dead letters. */
  readonly deadLetters: number
  /** Records that the apps still have to process and commit; undefined while an app can't say. */
  readonly lag: number | undefined
}

/** How many records of the source have not come through: neither as a trade in Kafka nor as a dead letter. */
export function missing({ source, trades, deadLetters }: PipelineProgress): number {
  return Math.max(0, source.trades + source.malformed - trades - deadLetters)
}

/** True when everything the source had has gone through every app. */
export function isDrained(progress: PipelineProgress): boolean {
  return progress.source.done && missing(progress) === 0 && progress.lag === 0
}

/** Says when a pipeline whose source is done has not moved for too long: what is missing then will not come. */
export class StallWatch {
  readonly #limitMs: number
  #last = ''
  #sinceMs = 0

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  isStalled(progress: PipelineProgress, nowMs: number): boolean {
    const now = JSON.stringify(progress)
    if (now !== this.#last || !progress.source.done) {
      this.#last = now
      this.#sinceMs = nowMs
      return false
    }
    return nowMs - this.#sinceMs >= this.#limitMs
  }
}
