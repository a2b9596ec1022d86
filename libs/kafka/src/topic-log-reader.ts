import {
  recordBatch,
  StreamsError,
  type LogOffsetsOptions,
  type LogReaderPort,
  type RecordBatch,
  type TopicPartition,
} from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { defaultFetchLimits } from './fetch-positions.ts'
import { Fetcher } from './fetcher.ts'
import { logOffsets } from './log-offsets.ts'
import { Wakeup } from './wakeup.ts'

export interface TopicLogReaderOptions {
  readonly link: ClusterLink
  /** Called by `close`, at its end. */
  onClosed(): Promise<void>
}

const ISOLATION = 'read_committed'
const FETCH_WAIT_MS = 100
/** Of one `read`, which runs ahead of its reader by so much. Answers are large, since each ends in a batch that is cut off and comes again. */
const LIMITS = { ...defaultFetchLimits, maxBufferedBytes: 8 * 1024 * 1024, maxPartitionBytes: 4 * 1024 * 1024 }
/** How often a reader at the end of the log looks whether it was closed. */
const IDLE_MS = 1_000

/** `LogReaderPort` over a fetcher for each `read`; only records of committed transactions, and of none, are seen. */
export class TopicLogReader implements LogReaderPort {
  readonly #options: TopicLogReaderOptions
  #closing: Promise<void> | undefined

  constructor(options: TopicLogReaderOptions) {
    this.#options = options
  }

  async partitionCount(topic: string): Promise<number> {
    return await this.#options.link.partitionCount(topic)
  }

  async offsets(
    topic: string,
    { isolation = ISOLATION }: LogOffsetsOptions = {},
  ): Promise<{ readonly startOffset: number; readonly endOffset: number }[]> {
    const { link } = this.#options
    const count = await link.partitionCount(topic)
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
    const [starts, ends] = await Promise.all([
      logOffsets(link, { partitions, at: 'earliest', isolation }),
      logOffsets(link, { partitions, at: 'latest', isolation }),
    ])
    return starts.map((startOffset, partition) => ({ startOffset, endOffset: ends[partition] ?? startOffset }))
  }

  async nextTurn(): Promise<void> {
    await this.#options.link.time.nextTurn()
  }

  /** Waits for records that are not written yet, where `toOffset` is beyond the end of the log, or not decided yet. */
  async *read(partition: TopicPartition, fromOffset: number, toOffset: number): AsyncGenerator<RecordBatch> {
    if (fromOffset >= toOffset) return
    const { link } = this.#options
    const wakeup = new Wakeup(link.time)
    const fetcher = new Fetcher({
      link,
      isolation: ISOLATION,
      limits: { ...LIMITS, endOffset: toOffset },
      maxWaitMs: FETCH_WAIT_MS,
      outOfRange: 'fail',
      onArrival: () => wakeup.notify(),
    })
    try {
      fetcher.assign([partition])
      fetcher.seek(partition, fromOffset)
      for (;;) {
        if (this.#closing !== undefined) throw new StreamsError('protocol', 'the log reader was closed while reading')
        const batches = fetcher.take()
        for (const batch of batches) {
          if (batch.baseOffset < toOffset) yield upTo(batch, toOffset)
          if (batch.nextOffset >= toOffset) return
        }
        await (batches.length === 0 ? wakeup.sleep(IDLE_MS) : link.time.nextTurn())
      }
    } finally {
      fetcher.close()
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#options.link.close().then(() => this.#options.onClosed())
    return this.#closing
  }
}

/** Cuts off the records from `toOffset` on; in a compacted log that takes counting. */
function upTo(batch: RecordBatch, toOffset: number): RecordBatch {
  if (batch.nextOffset <= toOffset) return batch
  const { cursor: _, fromOffset, ...fields } = batch
  const whole = recordBatch(fields).cursor()
  let count = 0
  while (whole.next() && whole.offset < toOffset) count++
  return recordBatch({ ...fields, ...(fromOffset === undefined ? {} : { fromOffset }), count, nextOffset: toOffset })
}
