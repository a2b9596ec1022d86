import type { TradePosition } from '@tidemark/schemas'
import type { Codec, LogReaderPort, RecordCursor } from '@tidemark/streams'

/** Open transactions of other shards stand before what was committed last: offsets of the positions' topic. */
export interface HeldUp {
  readonly partition: number
  readonly readableTo: number
  readonly writtenTo: number
}

export interface ReadPositionsOptions {
  readonly log: LogReaderPort
  readonly topic: string
  readonly codec: Codec<TradePosition>
  /** Called before the transactions are waited for that others have open. */
  readonly onHeldUp?: (heldUp: HeldUp) => void
}

/**
 * How far each symbol's trades are written, by symbol: all that is committed when it is called. Shards share the topic, and most of the
 * time each has a position in an open transaction, behind which nothing can be read: these are waited for, at most for the time after
 * which the broker aborts them. Reads the whole topic, which is compacted. Throws for a record that is no position: going on without it
 * would write trades twice.
 */
export async function readPositions(options: ReadPositionsOptions): Promise<Map<string, TradePosition>> {
  const { log, topic, codec, onHeldUp } = options
  const positions = new Map<string, TradePosition>()
  const written = await log.offsets(topic, { isolation: 'read_uncommitted' })
  const readable = await log.offsets(topic)
  for (const [partition, { startOffset, endOffset: writtenTo }] of written.entries()) {
    const readableTo = readable[partition]?.endOffset ?? startOffset
    if (readableTo < writtenTo) onHeldUp?.({ partition, readableTo, writtenTo })
    for await (const batch of log.read({ topic, partition }, startOffset, writtenTo)) {
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
