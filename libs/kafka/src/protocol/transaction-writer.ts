import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** Who asks for something within a transaction. An earlier epoch than the coordinator's latest is refused. */
export interface TransactionWriter {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

export interface PartitionResult {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
}

/** An id and an epoch, as every request of a transaction has them after its names. */
export function writeEpoch(writer: ByteWriter, { producerId, producerEpoch }: TransactionWriter): void {
  writer.int64(producerId).int16(producerEpoch)
}

/** An error code for each partition, under its topic. */
export function readPartitionResults(reader: ByteReader): PartitionResult[] {
  const topics = reader.array(() => {
    const topic = reader.string()
    return reader.array(() => ({ topic, partition: reader.int32(), errorCode: reader.int16() }))
  })
  return topics.flat()
}
