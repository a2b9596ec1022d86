/**
 * Kafka's record batch, format v2 (since Kafka 0.11): a header of 61 bytes, then the records. All numbers are big-endian.
 * Source: https://kafka.apache.org/documentation/#recordbatch
 */
export const BatchHeader = {
  baseOffset: 0,
  /** Counts what follows it. */
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  /** CRC-32C of all that follows it. */
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  byteLength: 61,
} as const

/** Base offset and length: what every format begins with. */
export const BATCH_PREFIX_BYTES = 12
export const MAGIC_V2 = 2

export const BatchAttribute = {
  compressionMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
} as const

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type Compression = (typeof COMPRESSIONS)[number]
