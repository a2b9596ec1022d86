import type { LogReaderPort, RecordCursor } from '@tidemark/streams'

/** A record of a topic; the cursor is valid until the next one is asked for. */
export interface ScannedRecord {
  readonly partition: number
  readonly cursor: RecordCursor
}

/** Reads what a partition holds in `[fromOffset, toOffset)`, as far as it is still kept. */
export interface ScanRange {
  readonly partition: number
  readonly fromOffset: number
  readonly toOffset: number
}

/** Every record of a topic that is there now, partition by partition. Rejects with a `StreamsError`, such as for a missing topic. */
export async function* scanTopic(reader: LogReaderPort, topic: string): AsyncGenerator<ScannedRecord> {
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    yield* scanRange(reader, topic, { partition, fromOffset: startOffset, toOffset: endOffset })
  }
}

export async function* scanRange(
  reader: LogReaderPort,
  topic: string,
  { partition, fromOffset, toOffset }: ScanRange,
): AsyncGenerator<ScannedRecord> {
  if (fromOffset >= toOffset) return
  for await (const batch of reader.read({ topic, partition }, fromOffset, toOffset)) {
    const cursor = batch.cursor()
    while (cursor.next()) if (cursor.offset < toOffset) yield { partition, cursor }
  }
}
