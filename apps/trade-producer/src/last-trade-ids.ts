import type { Trade } from '@tidemark/schemas'
import {
  partitionForKey,
  type Codec,
  type LogReaderPort,
  type RecordCursor,
  type TopicPartition,
} from '@tidemark/streams'

/** How many offsets the first look at a partition's end covers; each further one covers twice as many. */
const firstRange = 1_000

export interface LastTradeIdsOptions {
  readonly log: LogReaderPort
  readonly topic: string
  readonly symbols: readonly string[]
  readonly codec: Codec<Trade>
  /** Aborts the reading, with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * The id of the last trade in the topic of each symbol that has one there. Reads each partition backwards from its end, in ranges
 * that double, until all of its symbols were seen; a symbol that is new to the topic costs a read of its whole partition. Records that are
 * no trades (heartbeats, or what can't be decoded) are passed over.
 */
export async function readLastTradeIds(options: LastTradeIdsOptions): Promise<Map<string, number>> {
  const { log, topic, symbols } = options
  const ranges = await log.offsets(topic)
  const lastIds = new Map<string, number>()
  for (const [partition, { startOffset, endOffset }] of ranges.entries()) {
    const wanted = new Set(
      symbols.filter((symbol) => partitionForKey(Buffer.from(symbol), ranges.length) === partition),
    )
    let toOffset = endOffset
    for (let size = firstRange; wanted.size > 0 && toOffset > startOffset; size *= 2) {
      const fromOffset = Math.max(startOffset, toOffset - size)
      const found = await lastIdsBetween(options, { topic, partition }, [fromOffset, toOffset])
      for (const [symbol, id] of found) if (wanted.delete(symbol)) lastIds.set(symbol, id)
      toOffset = fromOffset
    }
  }
  return lastIds
}

async function lastIdsBetween(
  { log, codec, signal }: LastTradeIdsOptions,
  partition: TopicPartition,
  [fromOffset, toOffset]: readonly [number, number],
): Promise<Map<string, number>> {
  const lastIds = new Map<string, number>()
  for await (const batch of log.read(partition, fromOffset, toOffset)) {
    signal?.throwIfAborted()
    const cursor = batch.cursor()
    while (cursor.next()) {
      const trade = cursor.valueStart < 0 ? undefined : await decodeTrade(codec, cursor)
      if (trade !== undefined) lastIds.set(trade.symbol, Math.max(trade.trade_id, lastIds.get(trade.symbol) ?? 0))
    }
  }
  return lastIds
}

async function decodeTrade(codec: Codec<Trade>, cursor: RecordCursor): Promise<Trade | undefined> {
  const { bytes, valueStart, valueEnd } = cursor
  let decoded = codec.decode(bytes, valueStart, valueEnd)
  if (!decoded.ok && decoded.issue.schemaId !== undefined && (await codec.load?.(decoded.issue.schemaId)) === true) {
    decoded = codec.decode(bytes, valueStart, valueEnd)
  }
  return decoded.ok ? decoded.value : undefined
}
