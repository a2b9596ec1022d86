import snappy from 'snappy'

/** How Java's snappy streams begin. */
export const SNAPPY_STREAM_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
/** The magic and two version numbers; blocks follow, each behind its length. */
export const SNAPPY_STREAM_HEADER_BYTES = 16

const BLOCK_BYTES = 32 * 1024
const VERSIONS = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])

/** Records as Java's clients write them (snappy-java's stream format, which Kafka's own format is made of): blocks of 32 KiB. */
export function snappyStream(records: Buffer): Buffer {
  const parts: Buffer[] = [SNAPPY_STREAM_MAGIC, VERSIONS]
  for (let at = 0; at < records.length; at += BLOCK_BYTES) {
    const block = snappy.compressSync(records.subarray(at, at + BLOCK_BYTES))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}
