import type { BytesToWrite, KafkaPorts, LogReaderPort } from '@tidemark/streams'
import { storedLetter, type StoredLetter } from './dead-letter.ts'
import { RefusedError } from './refused-error.ts'
import { replayLetter, type Refusal } from './replay-letter.ts'
import { parseProgress, ProgressTracker } from './replay-progress.ts'
import { replayedSoFar, ReplayWriter } from './replay-writer.ts'
import { scanRange } from './scan-topic.ts'

/** A clock that can be waited on; `wait` resolves early when the signal aborts. */
export interface Clock {
  nowMs(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export interface ReplayOptions {
  readonly kafka: Pick<KafkaPorts, 'consumer' | 'transactionalProducer' | 'logReader'>
  readonly topic: string
  /** Letters of this code only. */
  readonly code?: string
  /** Instead of the topic that each letter came from. */
  readonly to?: string
  readonly ratePerSecond: number
  /** Writes and remembers nothing. */
  readonly dryRun: boolean
  readonly clock: Clock
  /** Ends the replay in order: what was written is remembered. */
  readonly signal: AbortSignal
  /** Told after each write how many letters have been written so far. */
  readonly onWritten?: (letters: number) => void
}

export interface ReplaySummary {
  /** Letters written (or, in a dry run, to be written) by target topic and code. */
  readonly written: readonly { readonly topic: string; readonly code: string; readonly letters: number }[]
  readonly refused: readonly {
    readonly refusal: Refusal
    readonly letters: number
    readonly first: { readonly partition: number; readonly offset: number }
  }[]
  /** False where it was stopped before the end. */
  readonly finished: boolean
}

const MAX_LETTERS_PER_WRITE = 500
const WRITES_PER_SECOND = 4
/** A letter is at most 0.9 MB: together with it, a batch stays within the default `max.message.bytes`. */
const MAX_BYTES_PER_WRITE = 64 * 1024
const MAX_TARGETS = 100

/**
 * Writes the letters of a topic that no earlier replay has written back to where they came from, in their order, at most
 * `ratePerSecond` of them. Rejects with a `RefusedError` or a `StreamsError`; what was written until then is remembered.
 */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  if (options.to === options.topic) {
    throw new RefusedError(
      `topic ${options.topic}: letters can't be replayed into their own topic: they would never end`,
    )
  }
  const reader = options.kafka.logReader()
  let writer: ReplayWriter | undefined
  try {
    const partitionCount = await reader.partitionCount(options.topic)
    if (!options.dryRun) {
      writer = new ReplayWriter({ ...options, reader })
      await writer.takeOver()
    }
    const replayed = await replayedSoFar(options.kafka, options.topic, partitionCount)
    return await new Replay(options, { reader, replayed, writer }).run()
  } finally {
    await writer?.close()
    await reader.close()
  }
}

interface ReplayParts {
  readonly reader: LogReaderPort
  readonly replayed: Awaited<ReturnType<typeof replayedSoFar>>
  /** None in a dry run. */
  readonly writer: ReplayWriter | undefined
}

class Replay {
  readonly #options: ReplayOptions
  readonly #parts: ReplayParts
  readonly #written = new Map<string, { topic: string; code: string; letters: number }>()
  readonly #refused = new Map<Refusal, { refusal: Refusal; letters: number; first: StoredLetter }>()
  readonly #targets = new Set<string>()
  readonly #lettersPerWrite: number
  readonly #startMs: number
  #letters = 0
  #unsaved = 0
  #unsavedBytes = 0

  constructor(options: ReplayOptions, parts: ReplayParts) {
    this.#options = options
    this.#parts = parts
    this.#startMs = options.clock.nowMs()
    const share = Math.ceil(options.ratePerSecond / WRITES_PER_SECOND)
    this.#lettersPerWrite = Math.min(MAX_LETTERS_PER_WRITE, Math.max(1, share))
  }

  async run(): Promise<ReplaySummary> {
    const { topic, code, signal } = this.#options
    const { reader, replayed } = this.#parts
    for (const [partition, log] of (await reader.offsets(topic)).entries()) {
      const tracker = new ProgressTracker(parseProgress(replayed.get(partition), log), code)
      const range = { partition, fromOffset: tracker.fromOffset, toOffset: log.endOffset }
      for await (const { cursor } of scanRange(reader, topic, range)) {
        if (signal.aborted) break
        await this.#take(storedLetter(cursor, partition), tracker)
      }
      if (!signal.aborted) tracker.finished(log.endOffset)
      await this.#save(partition, tracker)
      if (signal.aborted) break
    }
    return {
      written: [...this.#written.values()],
      refused: [...this.#refused.values()],
      finished: !signal.aborted,
    }
  }

  async #take(letter: StoredLetter, tracker: ProgressTracker): Promise<void> {
    if (tracker.wants(letter)) {
      const { to, clock } = this.#options
      const verdict = replayLetter(letter, { nowMs: clock.nowMs(), ...(to !== undefined && { to }) })
      // A letter of a code that was left waits with it, so that the order within a code stays.
      const isLeft = verdict.kind === 'write' ? tracker.isLeft(letter.code) : verdict.refusal === 'no-source'
      if (isLeft) tracker.leave(letter)
      if (verdict.kind === 'write' && !isLeft) await this.#write(letter, verdict.record, tracker)
      else this.#refuse(letter, isLeft ? 'no-source' : 'cut')
    }
    tracker.passed(letter)
    if (this.#unsaved >= this.#lettersPerWrite) await this.#save(letter.partition, tracker)
  }

  async #write(letter: StoredLetter, record: BytesToWrite, tracker: ProgressTracker): Promise<void> {
    const bytes = (record.value?.length ?? 0) + (record.key?.length ?? 0)
    if (this.#unsaved > 0 && this.#unsavedBytes + bytes > MAX_BYTES_PER_WRITE)
      await this.#save(letter.partition, tracker)
    this.#aim(record.topic)
    await this.#parts.writer?.add(record)
    this.#unsaved++
    this.#unsavedBytes += bytes
    this.#count(record.topic, letter.code)
  }

  /** Writes what was collected, when its time has come, and how far that is. */
  async #save(partition: number, tracker: ProgressTracker): Promise<void> {
    const { writer } = this.#parts
    if (writer !== undefined) {
      if (this.#unsaved > 0) await this.#untilDue()
      await writer.commit(partition, tracker.progress)
      if (this.#unsaved > 0) this.#options.onWritten?.(this.#letters + this.#unsaved)
    }
    this.#letters += this.#unsaved
    this.#unsaved = 0
    this.#unsavedBytes = 0
  }

  async #untilDue(): Promise<void> {
    const { clock, ratePerSecond, signal } = this.#options
    const waitMs = this.#startMs + (this.#letters / ratePerSecond) * 1_000 - clock.nowMs()
    if (waitMs > 0 && !signal.aborted) await clock.wait(waitMs, signal)
  }

  #aim(topic: string): void {
    this.#targets.add(topic)
    if (this.#targets.size <= MAX_TARGETS) return
    throw new RefusedError(
      `topic ${this.#options.topic}: its letters name more than ${MAX_TARGETS} topics: is it one of dead letters? Name one ` +
        'target with --to, or one kind with --code',
    )
  }

  #count(topic: string, code: string): void {
    const name = JSON.stringify([topic, code])
    const counted = this.#written.get(name)
    if (counted === undefined) this.#written.set(name, { topic, code, letters: 1 })
    else counted.letters++
  }

  #refuse(letter: StoredLetter, refusal: Refusal): void {
    const counted = this.#refused.get(refusal)
    if (counted === undefined) this.#refused.set(refusal, { refusal, letters: 1, first: letter })
    else counted.letters++
  }
}
