import type { MarketAnomaly, MarketMetrics, WhaleOrder } from '@tidemark/schemas'
import { readBatches, WATERMARK_HEADER, type Codec, type LogReaderPort, type RecordCursor } from '@tidemark/streams'

/** The topics that the aggregator writes. */
export interface OutputTopics {
  readonly metrics: string
  readonly whales: string
  readonly anomalies: string
  readonly late: string
}

/** For the topics of which the value has to be known. */
export interface OutputCodecs {
  readonly metrics: Codec<MarketMetrics>
  readonly whales: Codec<WhaleOrder>
  readonly anomalies: Codec<MarketAnomaly>
}

/** Records as text, by the orders that are promised: of a symbol's windows of one size, of its whale orders, and so on. */
export type OutputLines = ReadonlyMap<string, readonly string[]>

export interface ReadOutputs {
  readonly lines: OutputLines
  /** Windows that stand behind a heartbeat which says that all of their time has passed. */
  readonly contradicted: number
}

const LATE_WINDOW_HEADER = 'tidemark.late.window'
const MAX_VALUE_BYTES = 4_096

/**
 * All that is committed in the output topics, byte for byte, but for the moment at which a window was emitted. Of heartbeats, which
 * follow the arrival, the last of each symbol.
 */
export async function readOutputLines(
  reader: LogReaderPort,
  topics: OutputTopics,
  codecs: OutputCodecs,
): Promise<ReadOutputs> {
  const lines = new Map<string, string[]>()
  const watermarks = new Map<string, number>()
  let contradicted = 0
  const add = (order: string, line: string): void => {
    const known = lines.get(order)
    if (known === undefined) lines.set(order, [line])
    else known.push(line)
  }
  await readAll(reader, topics.metrics, (cursor, symbol) => {
    if (cursor.valueStart < 0) {
      lines.set(`heartbeat ${symbol}`, [lineOf(cursor)])
      watermarks.set(symbol, Number(headerOf(cursor, WATERMARK_HEADER)))
      return
    }
    const metrics = decoded(codecs.metrics, cursor)
    if (metrics.window_end_ms <= (watermarks.get(symbol) ?? -Infinity)) contradicted++
    add(
      `metrics ${symbol} ${metrics.window}`,
      lineOf(cursor, encoded(codecs.metrics, { ...metrics, emitted_at_ms: 0 })),
    )
  })
  await readAll(reader, topics.whales, (cursor, symbol) => {
    add(`whales ${symbol}`, lineOf(cursor))
  })
  await readAll(reader, topics.anomalies, (cursor, symbol) => {
    const { window, kind } = decoded(codecs.anomalies, cursor)
    add(`anomalies ${symbol} ${window ?? kind}`, lineOf(cursor))
  })
  await readAll(reader, topics.late, (cursor, symbol) => {
    add(`late ${symbol} ${headerOf(cursor, LATE_WINDOW_HEADER)}`, lineOf(cursor))
  })
  return { lines, contradicted }
}

async function readAll(
  reader: LogReaderPort,
  topic: string,
  visit: (cursor: RecordCursor, symbol: string) => void,
): Promise<void> {
  for await (const batch of readBatches(reader, topic)) {
    for (const cursor = batch.cursor(); cursor.next();) visit(cursor, cursor.key()?.toString() ?? '')
  }
}

/** Key, headers and value. */
function lineOf(cursor: RecordCursor, value = cursor.value()): string {
  const headers = cursor.headers().map((header) => `${header.key}=${header.value?.toString() ?? ''}`)
  return [cursor.key()?.toString('hex'), ...headers, value?.toString('hex')].join(' ')
}

function headerOf(cursor: RecordCursor, name: string): string {
  const found = cursor.headers().find(({ key }) => key === name)
  return found?.value?.toString() ?? ''
}

function decoded<T>(codec: Codec<T>, { bytes, valueStart, valueEnd, offset }: RecordCursor): T {
  const found = codec.decode(bytes, valueStart, valueEnd)
  if (!found.ok) throw new Error(`offset ${offset}: ${found.issue.message}`)
  return found.value
}

function encoded<T>(codec: Codec<T>, value: T): Buffer {
  const bytes = Buffer.alloc(MAX_VALUE_BYTES)
  return bytes.subarray(0, codec.encode(value, bytes, 0))
}
