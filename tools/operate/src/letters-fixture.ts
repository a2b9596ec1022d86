import {
  deadLetterRecord,
  RecordCollector,
  type BytesToWrite,
  type DeadLetter,
  type Header,
  type KafkaPorts,
  type LogReaderPort,
} from '@tidemark/streams'
import { scanTopic } from './scan-topic.ts'

export const DLQ = 'orders-app-dlq'
export const SOURCE = 'orders'

type LetterParts = Omit<Partial<DeadLetter>, 'source'> & { readonly source?: DeadLetter['source'] | undefined }

/** A dead letter of topic `orders`, unless told otherwise; without `source` it came from nowhere. */
export function letter(parts: LetterParts = {}): BytesToWrite {
  const { source, ...rest } = { source: { topic: SOURCE, partition: 0, offset: 7 }, ...parts }
  return deadLetterRecord({
    topic: DLQ,
    key: Buffer.from('a'),
    value: Buffer.from('not an order'),
    code: 'malformed',
    exception: 'BadRecord',
    message: 'topic orders partition 0 offset 7: not JSON',
    attempts: 1,
    ingestionTimeMs: 1_700_000_000_000,
    ...rest,
    ...(source !== undefined && { source }),
  })
}

export async function write(kafka: Pick<KafkaPorts, 'producer'>, records: readonly BytesToWrite[]): Promise<void> {
  const producer = kafka.producer({})
  const collector = new RecordCollector(producer)
  for (const record of records) {
    await collector.open(record.topic)
    collector.addBytes(record)
  }
  await collector.flush()
  await producer.close()
}

export interface ReadRecord {
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [key: string, value: string | null])[]
}

/** All records of a topic, partition by partition. */
export async function readAll(reader: LogReaderPort, topic: string): Promise<ReadRecord[]> {
  const records: ReadRecord[] = []
  for await (const { cursor } of scanTopic(reader, topic)) {
    const headers = cursor.headers().map(({ key, value }: Header) => [key, value?.toString() ?? null] as const)
    records.push({ key: cursor.key()?.toString() ?? null, value: cursor.value(), headers })
  }
  return records
}
