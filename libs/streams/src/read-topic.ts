import type { Codec } from './codec.ts'
import { StreamsError } from './errors.ts'
import type { LogReaderPort } from './ports.ts'
import type { RecordBatch, RecordCursor } from './record-batch.ts'

/** A record that has a value. */
export interface ReadRecord<V> {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  /** As the codec gave it: one that reuses its answers does so with the next record. */
  readonly value: V
}

/** All that a topic holds now, partition by partition. Rejects with a `StreamsError`, such as for a missing topic. */
export async function* readBatches(reader: LogReaderPort, topic: string): AsyncGenerator<RecordBatch> {
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    if (startOffset < endOffset) yield* reader.read({ topic, partition }, startOffset, endOffset)
  }
}

/** As `readBatches`, record by record, without those that have no value. Rejects with `record-failed` for one that can't be decoded. */
export async function* readValues<V>(
  reader: LogReaderPort,
  topic: string,
  codec: Codec<V>,
): AsyncGenerator<ReadRecord<V>> {
  for await (const batch of readBatches(reader, topic)) {
    const { partition } = batch
    for (const cursor = batch.cursor(); cursor.next();) {
      if (cursor.valueStart < 0) continue
      const value = await readValue(cursor, codec, { topic, partition, offset: cursor.offset })
      yield { partition, offset: cursor.offset, key: cursor.key(), value }
    }
  }
}

/** The value at a cursor; loads a schema that is not known yet. Rejects with `record-failed` where it can't be decoded. */
export async function readValue<V>(
  { bytes, valueStart, valueEnd }: RecordCursor,
  codec: Codec<V>,
  record: { readonly topic: string; readonly partition: number; readonly offset: number },
): Promise<V> {
  let decoded = codec.decode(bytes, valueStart, valueEnd)
  if (!decoded.ok && decoded.issue.schemaId !== undefined && (await codec.load?.(decoded.issue.schemaId)) === true) {
    decoded = codec.decode(bytes, valueStart, valueEnd)
  }
  if (decoded.ok) return decoded.value
  const { topic, partition, offset } = record
  const place = `topic ${topic} partition ${partition} offset ${offset}`
  throw new StreamsError('record-failed', `${place}: ${decoded.issue.message}`, { record })
}
