import type { TradePosition } from '@tidemark/schemas'
import { readValue, type Codec, type LogReaderPort } from '@tidemark/streams'

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
        const symbol = cursor.key()?.toString('utf8') ?? ''
        // A position that was taken away: the symbol begins anew.
        if (cursor.valueStart < 0) positions.delete(symbol)
        else positions.set(symbol, { ...(await readValue(cursor, codec, { topic, partition, offset: cursor.offset })) })
      }
    }
  }
  return positions
}
