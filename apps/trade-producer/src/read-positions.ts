import type { TradePosition } from '@tidemark/schemas'
import type { Codec, LogReaderPort, RecordCursor } from '@tidemark/streams'

export interface ReadPositionsOptions {
  readonly log: LogReaderPort
  readonly topic: string
  readonly codec: Codec<TradePosition>
  /** Aborts the reading, with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * How far each symbol's trades are written, by symbol. Reads the whole topic, which is compacted. Throws for a record that is no
 * position: going on without it would write trades twice.
 */
export async function readPositions(options: ReadPositionsOptions): Promise<Map<string, TradePosition>> {
  const { log, topic, codec, signal } = options
  const positions = new Map<string, TradePosition>()
  for (const [partition, { startOffset, endOffset }] of (await log.offsets(topic)).entries()) {
    for await (const batch of log.read({ topic, partition }, startOffset, endOffset)) {
      signal?.throwIfAborted()
      for (const cursor = batch.cursor(); cursor.next();) {
        if (cursor.valueStart < 0) continue
        const position = await decodePosition(codec, cursor, `topic ${topic} partition ${partition}`)
        positions.set(position.symbol, position)
      }
    }
  }
  return positions
}

async function decodePosition(
  codec: Codec<TradePosition>,
  cursor: RecordCursor,
  partition: string,
): Promise<TradePosition> {
  const { bytes, valueStart, valueEnd, offset } = cursor
  let decoded = codec.decode(bytes, valueStart, valueEnd)
  if (!decoded.ok && decoded.issue.schemaId !== undefined && (await codec.load?.(decoded.issue.schemaId)) === true) {
    decoded = codec.decode(bytes, valueStart, valueEnd)
  }
  if (!decoded.ok) throw new Error(`${partition} offset ${offset}: ${decoded.issue.message}`)
  return { ...decoded.value }
}
