import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import type { OutputBatch } from '@tidemark/streams'
import lz4 from 'lz4-napi'
import { BatchAttribute, BatchHeader, COMPRESSIONS, MAGIC_V2, type Compression } from './batch-format.ts'
import type { ByteWriter } from './protocol/byte-writer.ts'
import { snappyStream } from './snappy-stream.ts'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** A batch as it goes over the wire: its records, compressed where asked for, and the place in its producer's sequence. */
export interface SequencedBatch extends ProducerIdentity {
  readonly batch: OutputBatch
  readonly codec: number
  readonly body: Buffer
  readonly baseSequence: number
  /** Whether it is part of a transaction. */
  readonly transactional: boolean
}

const UNKNOWN_LEADER_EPOCH = -1

const COMPRESSORS: Record<Compression, (records: Buffer) => Buffer> = {
  none: (records) => records,
  gzip: (records) => gzipSync(records),
  snappy: snappyStream,
  lz4: (records) => lz4.compressFrameSync(records),
  zstd: (records) => zstdCompressSync(records),
}

/** Compresses a batch's records: the bytes are those of the batch itself where they are not compressed. */
export function compressed(batch: OutputBatch, compression: Compression): { codec: number; body: Buffer } {
  return { codec: COMPRESSIONS.indexOf(compression), body: COMPRESSORS[compression](batch.records) }
}

/** Size of what `writeBatch` writes. */
export function batchByteLength({ body }: { readonly body: Buffer }): number {
  return BatchHeader.byteLength + body.length
}

/** Writes header (see `BatchHeader`) and records, with the checksum over what was written. */
export function writeBatch(writer: ByteWriter, batch: SequencedBatch): void {
  const { count, baseTimestampMs, maxTimestampMs } = batch.batch
  const start = writer.length
  writer.int64(0) // base offset: the broker gives it
  writer.int32(batchByteLength(batch) - BatchHeader.partitionLeaderEpoch)
  writer.int32(UNKNOWN_LEADER_EPOCH).int8(MAGIC_V2).uint32(0)
  writer.int16(batch.transactional ? batch.codec | BatchAttribute.transactional : batch.codec).int32(count - 1)
  writer.int64(baseTimestampMs).int64(maxTimestampMs)
  writer.int64(batch.producerId).int16(batch.producerEpoch).int32(batch.baseSequence)
  writer.int32(count).raw(batch.body)
  const checked = writer.bytes.subarray(start + BatchHeader.attributes, writer.length)
  writer.uint32At(start + BatchHeader.crc, crc32c(checked))
}
