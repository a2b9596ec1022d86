import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { StreamsError } from '@tidemark/streams'
import lz4 from 'lz4-napi'
import snappy from 'snappy'
import { COMPRESSIONS } from './batch-format.ts'
import { SNAPPY_STREAM_HEADER_BYTES, SNAPPY_STREAM_MAGIC } from './snappy-stream.ts'

/** A batch that inflates to more is refused: brokers limit only what it takes when compressed. */
export const MAX_INFLATED_BATCH_BYTES = 128 * 1024 * 1024

/** As node:zlib says it. */
const TOO_LARGE = 'ERR_BUFFER_TOO_LARGE'

export interface InflateOptions {
  /** Names the batch in errors. */
  readonly subject: string
  readonly maxInflatedBytes?: number
}

/**
 * The records of a batch, inflated by the codec that its attributes name. Throws a `StreamsError`: `protocol` for a codec that Kafka does not have, `limit-reached` above the limit, `corrupt-batch` where it does not inflate.
 */
export function decompress(codec: number, records: Buffer, options: InflateOptions): Buffer {
  const { subject, maxInflatedBytes: maxOutputLength = MAX_INFLATED_BATCH_BYTES } = options
  const inflated = (name: string, by: () => Buffer) => inflate(by, { subject: `${subject} (${name})`, maxOutputLength })
  switch (COMPRESSIONS[codec]) {
    case 'none':
      return records
    case 'gzip':
      return inflated('gzip', () => gunzipSync(records, { maxOutputLength }))
    case 'snappy':
      return inflated('snappy', () => unsnappy(records, maxOutputLength))
    case 'lz4':
      return inflated('lz4', () => lz4.decompressFrameSync(records))
    case 'zstd':
      return inflated('zstd', () => zstdDecompressSync(records, { maxOutputLength }))
    default:
      throw new StreamsError('protocol', `${subject} is compressed with codec ${codec}, which no Kafka up to 4.x has`)
  }
}

interface Limited {
  readonly subject: string
  readonly maxOutputLength: number
}

function inflate(by: () => Buffer, { subject, maxOutputLength }: Limited): Buffer {
  let inflated: Buffer
  try {
    inflated = by()
  } catch (cause) {
    if (cause instanceof RangeError && 'code' in cause && cause.code === TOO_LARGE) {
      throw new StreamsError('limit-reached', `${subject} inflates to over ${maxOutputLength} bytes`, { cause })
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StreamsError('corrupt-batch', `${subject} does not inflate: ${reason}`, { cause })
  }
  // lz4 takes no limit; it inflates at most 255 times, so that what was fetched bounds it all the same.
  if (inflated.length <= maxOutputLength) return inflated
  throw new StreamsError('limit-reached', `${subject} inflates to over ${maxOutputLength} bytes`)
}

/** Java's clients write a stream of blocks, others one block. */
function unsnappy(records: Buffer, maxOutputLength: number): Buffer {
  if (!records.subarray(0, SNAPPY_STREAM_MAGIC.length).equals(SNAPPY_STREAM_MAGIC))
    return unsnappyBlock(records, maxOutputLength)
  const blocks: Buffer[] = []
  let inflatedBytes = 0
  for (let at = SNAPPY_STREAM_HEADER_BYTES; at < records.length;) {
    const end = at + 4 + records.readInt32BE(at)
    if (end <= at + 4 || end > records.length) throw new Error(`a block at ${at} ends outside of the stream`)
    const block = unsnappyBlock(records.subarray(at + 4, end), maxOutputLength - inflatedBytes)
    inflatedBytes += block.length
    blocks.push(block)
    at = end
  }
  return blocks.length === 1 ? (blocks[0] as Buffer) : Buffer.concat(blocks)
}

/** A block begins with its inflated length, a varint, so that one that is too large is not even tried. */
function unsnappyBlock(block: Buffer, maxOutputLength: number): Buffer {
  let length = 0
  for (let index = 0, scale = 1; index < 5; index++, scale *= 128) {
    const byte = block[index] ?? 0
    length += (byte & 0x7f) * scale
    if (byte < 0x80) break
  }
  if (length > maxOutputLength) throw Object.assign(new RangeError(`${length} bytes`), { code: TOO_LARGE })
  return snappy.uncompressSync(block, { asBuffer: true }) as Buffer
}
