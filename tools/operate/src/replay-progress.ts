import { StreamsError, type CommittedOffset } from '@tidemark/streams'

/**
 * How far replays of a partition have come. A replay may be of one code only, and may leave letters of a code for later, so
 * each code has a position: all its letters below it are done.
 */
export interface ReplayProgress {
  /** Everything below is done, whatever its code. */
  readonly baseOffset: number
  /** Codes that have come further than the base. */
  readonly codes: ReadonlyMap<string, number>
}

/** What a broker keeps with an offset by default (`offset.metadata.max.bytes`). */
const MAX_METADATA_BYTES = 4_096
const PREFIX = '{"replay":1,'

/** Codes are a closed list of an application: this many fit beside an offset, and more are no codes. */
export function formatProgress(
  { baseOffset, codes }: ReplayProgress,
  where: string,
): Omit<CommittedOffset, 'topic' | 'partition'> {
  const metadata = codes.size === 0 ? '' : `${PREFIX}"codes":${JSON.stringify(Object.fromEntries([...codes].sort()))}}`
  if (Buffer.byteLength(metadata) > MAX_METADATA_BYTES) {
    throw new StreamsError(
      'commit-metadata-too-large',
      `${where}: ${codes.size} codes of dead letters are too many to remember how far each one came: replay all codes, with ` +
        'the same --to',
    )
  }
  return { offset: baseOffset, metadata }
}

/** Reads what `formatProgress` wrote; metadata of anyone else counts as none. A topic made anew is begun anew. */
export function parseProgress(
  committed: { readonly offset: number; readonly metadata: string } | undefined,
  log: { readonly startOffset: number; readonly endOffset: number },
): ReplayProgress {
  if (committed === undefined || committed.offset > log.endOffset)
    return { baseOffset: log.startOffset, codes: new Map() }
  const baseOffset = Math.max(committed.offset, log.startOffset)
  const codes = Object.entries(writtenCodes(committed.metadata)).filter(
    (entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && Number(entry[1]) > baseOffset,
  )
  return { baseOffset, codes: new Map(codes) }
}

function writtenCodes(metadata: string): Record<string, unknown> {
  if (!metadata.startsWith(PREFIX)) return {}
  try {
    return (JSON.parse(metadata) as { codes?: Record<string, unknown> }).codes ?? {}
  } catch {
    return {}
  }
}

/** Follows one replay through one partition. Letters come in the order of their offsets. */
export class ProgressTracker {
  readonly #start: ReplayProgress
  readonly #only: string | undefined
  /** Codes that this replay leaves, from the first letter it could not take on. */
  readonly #left = new Map<string, number>()
  readonly #seen: Set<string>
  #position: number

  constructor(start: ReplayProgress, only?: string) {
    this.#start = start
    this.#only = only
    this.#seen = new Set(start.codes.keys())
    this.#position = this.fromOffset
  }

  /** Where reading begins. */
  get fromOffset(): number {
    return this.#only === undefined ? this.#start.baseOffset : this.#positionAtStart(this.#only)
  }

  /** Whether a letter is for this replay: of its code, not done by an earlier one, not behind one that was left. */
  wants({ code, offset }: { readonly code: string; readonly offset: number }): boolean {
    if (this.#only !== undefined && code !== this.#only) return false
    return offset >= this.#positionAtStart(code)
  }

  isLeft(code: string): boolean {
    return this.#left.has(code)
  }

  /** Leaves this letter, and all of its code behind it, to a later replay. */
  leave({ code, offset }: { readonly code: string; readonly offset: number }): void {
    if (!this.#left.has(code)) this.#left.set(code, offset)
  }

  /** The letter has been dealt with, one way or another. */
  passed({ code, offset }: { readonly code: string; readonly offset: number }): void {
    this.#seen.add(code)
    this.#position = offset + 1
  }

  /** The end of the partition has been reached. */
  finished(endOffset: number): void {
    this.#position = Math.max(this.#position, endOffset)
  }

  get progress(): ReplayProgress {
    const { baseOffset: startBase, codes: startCodes } = this.#start
    const only = this.#only
    if (only !== undefined) {
      const codes = new Map(startCodes)
      codes.set(only, this.#positionNow(only))
      return { baseOffset: startBase, codes: furtherThan(codes, startBase) }
    }
    const baseOffset = Math.min(this.#position, ...this.#left.values())
    const codes = new Map([...this.#seen].map((code) => [code, this.#positionNow(code)]))
    return { baseOffset, codes: furtherThan(codes, baseOffset) }
  }

  #positionNow(code: string): number {
    return this.#left.get(code) ?? Math.max(this.#position, this.#positionAtStart(code))
  }

  #positionAtStart(code: string): number {
    return this.#start.codes.get(code) ?? this.#start.baseOffset
  }
}

function furtherThan(codes: ReadonlyMap<string, number>, baseOffset: number): Map<string, number> {
  return new Map([...codes].filter(([, offset]) => offset > baseOffset))
}
