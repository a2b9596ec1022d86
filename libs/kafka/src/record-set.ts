import { crc32c } from '@node-rs/crc32'
import { readVarint, recordBatch, StreamsError, type RecordBatch, type TopicPartition } from '@tidemark/streams'
import { BATCH_PREFIX_BYTES, BatchAttribute, BatchHeader, MAGIC_V2 } from './batch-format.ts'
import { decompress } from './decompress.ts'
import { partitionName } from './kafka-error.ts'
import type { AbortedTransaction } from './protocol/fetch.ts'

const TWO_TO_32 = 0x1_0000_0000
const ABORT_MARKER = 0

export interface FetchedRecords extends TopicPartition {
  /** Batches one after the other; the last one may be cut off. */
  readonly records: Buffer
  /** The offset that was asked for; the first batch may begin before it. */
  readonly fromOffset: number
  /** What a read_committed fetch names as aborted; empty for read_uncommitted, which passes all records on. */
  readonly abortedTransactions: readonly AbortedTransaction[]
}

export interface RecordSet {
  readonly batches: RecordBatch[]
  /** Where to read on; the offset asked for where there was no whole batch. */
  readonly nextOffset: number
}

/**
 * Splits fetched bytes into batches: views over them, inflated where compressed. Checks each checksum, leaves out control
 * batches, aborted transactions and what lies before the offset asked for. Where the last of them is left out, an empty batch
 * in its place says how far was read, so that a reader's position reaches the end of the log. Throws a `StreamsError` naming
 * topic, partition and offset for bytes that are damaged or of a format before v2.
 */
export function readRecordSet(fetched: FetchedRecords): RecordSet {
  const { records } = fetched
  const aborted = new AbortedProducers(fetched.abortedTransactions)
  const batches: RecordBatch[] = []
  let nextOffset = fetched.fromOffset
  let readUpTo = fetched.fromOffset
  let start = 0
  while (start + BATCH_PREFIX_BYTES <= records.length) {
    const end = start + BATCH_PREFIX_BYTES + records.readInt32BE(start + BatchHeader.batchLength)
    if (end > records.length) break
    const header = readHeader(records.subarray(start, end), fetched)
    start = end
    const skipped = aborted.skips(header)
    if (header.nextOffset <= fetched.fromOffset) continue
    nextOffset = header.nextOffset
    if (skipped || header.count === 0) continue
    batches.push(asRecordBatch(header, fetched))
    readUpTo = nextOffset
  }
  if (nextOffset > readUpTo) batches.push(emptyBatch(fetched, readUpTo, nextOffset))
  return { batches, nextOffset }
}

interface Header {
  readonly subject: string
  readonly baseOffset: number
  readonly nextOffset: number
  readonly attributes: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: number
  readonly count: number
  readonly body: Buffer
}

function readHeader(batch: Buffer, partition: TopicPartition): Header {
  const baseOffset = int64(batch, BatchHeader.baseOffset)
  const subject = `${partitionName(partition)} batch at offset ${baseOffset}`
  const magic = batch[BatchHeader.magic]
  if (magic === undefined) throw new StreamsError('corrupt-batch', `${subject} is too short`)
  if (magic !== MAGIC_V2) {
    throw new StreamsError(
      'protocol',
      `${subject} is of message format v${magic}: only v2, of Kafka 0.11 and later, is read`,
    )
  }
  if (batch.length < BatchHeader.byteLength) throw new StreamsError('corrupt-batch', `${subject} is too short`)
  const expected = batch.readUInt32BE(BatchHeader.crc)
  if (crc32c(batch.subarray(BatchHeader.attributes)) !== expected) {
    throw new StreamsError('corrupt-batch', `${subject} has a wrong checksum: it was damaged on disk or on the way`)
  }
  return {
    subject,
    baseOffset,
    nextOffset: baseOffset + batch.readInt32BE(BatchHeader.lastOffsetDelta) + 1,
    attributes: batch.readInt16BE(BatchHeader.attributes),
    baseTimestampMs: int64(batch, BatchHeader.baseTimestamp),
    maxTimestampMs: int64(batch, BatchHeader.maxTimestamp),
    producerId: int64(batch, BatchHeader.producerId),
    count: batch.readInt32BE(BatchHeader.recordCount),
    body: batch.subarray(BatchHeader.byteLength),
  }
}

function asRecordBatch(header: Header, { topic, partition, fromOffset }: FetchedRecords): RecordBatch {
  const appendTime = (header.attributes & BatchAttribute.logAppendTime) !== 0
  return recordBatch({
    topic,
    partition,
    baseOffset: header.baseOffset,
    nextOffset: header.nextOffset,
    count: header.count,
    baseTimestampMs: header.baseTimestampMs,
    ...(appendTime ? { logAppendTimeMs: header.maxTimestampMs } : {}),
    records: decompress(header.attributes & BatchAttribute.compressionMask, header.body, header),
    ...(header.baseOffset < fromOffset ? { fromOffset } : {}),
  })
}

function emptyBatch({ topic, partition }: TopicPartition, baseOffset: number, nextOffset: number): RecordBatch {
  return recordBatch({
    topic,
    partition,
    baseOffset,
    nextOffset,
    count: 0,
    baseTimestampMs: 0,
    records: Buffer.alloc(0),
  })
}

/** Follows, batch by batch, which producers are within a transaction that was aborted in the end. */
class AbortedProducers {
  readonly #waiting: AbortedTransaction[]
  readonly #open = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = [...aborted].sort((a, b) => b.firstOffset - a.firstOffset)
  }

  /** True for a batch that has no records for a reader. Must see every batch, in order. */
  skips(header: Header): boolean {
    for (let next = this.#waiting.at(-1); next !== undefined; next = this.#waiting.at(-1)) {
      if (next.firstOffset >= header.nextOffset) break
      this.#open.add(next.producerId)
      this.#waiting.pop()
    }
    if ((header.attributes & BatchAttribute.control) !== 0) {
      if (controlType(header.body) === ABORT_MARKER) this.#open.delete(header.producerId)
      return true
    }
    return (header.attributes & BatchAttribute.transactional) !== 0 && this.#open.has(header.producerId)
  }
}

/** A control batch has one record, whose key is a version and a type. */
function controlType(body: Buffer): number {
  const at = { position: 0 }
  readVarint(body, at) // length
  at.position++ // attributes
  while ((body[at.position++] ?? 0) >= 0x80); // timestamp delta
  readVarint(body, at) // offset delta
  readVarint(body, at) // key length
  return body.readInt16BE(at.position + 2)
}

function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * TWO_TO_32 + bytes.readUInt32BE(at + 4)
}
