import type { Trade, TradeGap } from '@tidemark/schemas'
import { WATERMARK_HEADER, type Codec, type LogReaderPort, type RecordCursor } from '@tidemark/streams'
import type { FeedRecord } from './feed-judge.ts'

/** The topics of one producer. */
export interface FeedTopics {
  readonly trades: string
  readonly deadLetters: string
  readonly positions: string
  readonly gaps: string
}

export interface FeedCodecs {
  readonly trade: Codec<Trade>
  readonly gap: Codec<TradeGap>
}

/** Everything that is committed: trades and heartbeats by partition, and gap records. */
export async function readFeed(
  reader: LogReaderPort,
  topics: FeedTopics,
  codecs: FeedCodecs,
): Promise<{ readonly records: FeedRecord[]; readonly gaps: TradeGap[] }> {
  const records: FeedRecord[] = []
  await readAll(reader, topics.trades, async (cursor) => {
    const trade = cursor.valueStart < 0 ? undefined : await decode(codecs.trade, cursor)
    const symbol = cursor.key()?.toString() ?? ''
    if (trade !== undefined) records.push({ kind: 'trade', symbol, id: trade.trade_id, timeMs: trade.trade_time_ms })
    else records.push({ kind: 'heartbeat', symbol, watermarkMs: watermarkOf(cursor) })
  })
  const gaps: TradeGap[] = []
  await readAll(reader, topics.gaps, async (cursor) => void gaps.push({ ...(await decode(codecs.gap, cursor)) }))
  await reader.close()
  return { records, gaps }
}

async function readAll(
  reader: LogReaderPort,
  topic: string,
  visit: (cursor: RecordCursor) => Promise<void>,
): Promise<void> {
  for (const [partition, { startOffset, endOffset }] of (await reader.offsets(topic)).entries()) {
    if (startOffset >= endOffset) continue
    for await (const batch of reader.read({ topic, partition }, startOffset, endOffset)) {
      for (const cursor = batch.cursor(); cursor.next();) await visit(cursor)
    }
  }
}

async function decode<T>(codec: Codec<T>, cursor: RecordCursor): Promise<T> {
  const { bytes, valueStart, valueEnd, offset } = cursor
  let decoded = codec.decode(bytes, valueStart, valueEnd)
  if (!decoded.ok && decoded.issue.schemaId !== undefined && (await codec.load?.(decoded.issue.schemaId)) === true) {
    decoded = codec.decode(bytes, valueStart, valueEnd)
  }
  if (!decoded.ok) throw new Error(`offset ${offset}: ${decoded.issue.message}`)
  return decoded.value
}

function watermarkOf(cursor: RecordCursor): number {
  return Number(
    cursor
      .headers()
      .find(({ key }) => key === WATERMARK_HEADER)
      ?.value?.toString(),
  )
}
