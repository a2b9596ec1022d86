import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { StreamsError } from '@tidemark/streams'
import { COMPRESSIONS } from './batch-format.ts'

/** A batch that inflates to more is refused: brokers limit only what it takes when compressed. */
export const MAX_INFLATED_BATCH_BYTES = 128 * 1024 * 1024

/**
 * The records of a batch, inflated by the codec that its attributes name. `subject` names the batch. Throws a `StreamsError`:
 * `protocol` for a codec that is not supported, `limit-reached` above the limit, `corrupt-batch` where it does not inflate.
 */
export function decompress(codec: number, records: Buffer, subject: string): Buffer {
  const name = COMPRESSIONS[codec]
  switch (name) {
    case 'none':
      return records
    case 'gzip':
      return inflate(gunzipSync, records, `${subject} (gzip)`)
    case 'zstd':
      return inflate(zstdDecompressSync, records, `${subject} (zstd)`)
    default:
      throw new StreamsError(
        'protocol',
        `${subject} is compressed with ${name ?? `codec ${codec}`}, which cannot be read here: ` +
          `let its producer write with compression.type none, gzip or zstd`,
      )
  }
}

function inflate(
  by: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer,
  records: Buffer,
  subject: string,
): Buffer {
  try {
    return by(records, { maxOutputLength: MAX_INFLATED_BATCH_BYTES })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new StreamsError('limit-reached', `${subject} inflates to over ${MAX_INFLATED_BATCH_BYTES} bytes`, {
        cause,
      })
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StreamsError('corrupt-batch', `${subject} does not inflate: ${reason}`, { cause })
  }
}
