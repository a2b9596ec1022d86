import { RecordingHistory } from './recording-history.ts'
import type { RecordingHistoryOptions } from './recording-history.ts'
import type { SourceFrame } from './source-frame.ts'
import { StreamDeriver } from './streams/stream-deriver.ts'

/** How far a replay is. */
export interface Position {
  readonly framesSent: number
  /** Event time. */
  readonly timeMs: number
}

/** The derived streams of one replay: of what this replay has sent, however far another one is. */
export class ReplayDerivation {
  readonly #options: RecordingHistoryOptions
  #open: { readonly history: RecordingHistory; readonly deriver: Promise<StreamDeriver> } | undefined

  constructor(options: RecordingHistoryOptions) {
    this.#options = options
  }

  /** The events of what was sent between two positions of the replay. */
  async between(before: Position, now: Position, names: readonly string[]): Promise<readonly SourceFrame[]> {
    const deriver = await this.#upTo(before)
    deriver.open(names, before.timeMs)
    await this.#upTo(now)
    return deriver.derive(names, now.timeMs)
  }

  /** The last events; the file that was read for them is closed. */
  async finish(end: Position, names: readonly string[]): Promise<readonly SourceFrame[]> {
    const frames = this.#open === undefined ? [] : (await this.#upTo(end)).finish(names, end.timeMs)
    await this.#open?.history.stop()
    return frames
  }

  async #upTo({ framesSent }: Position): Promise<StreamDeriver> {
    this.#open ??= openHistory(this.#options)
    await this.#open.history.upTo(framesSent)
    return this.#open.deriver
  }
}

function openHistory(options: RecordingHistoryOptions) {
  const history = new RecordingHistory(options)
  return { history, deriver: history.upTo(0).then((published) => new StreamDeriver(published)) }
}
