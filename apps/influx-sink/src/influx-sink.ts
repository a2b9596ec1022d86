import { StreamsError, type ExternalSink, type StreamRecord } from '@tidemark/streams'
import type { LineWriter } from './influx-lines.ts'
import type { LineResult } from './record-line.ts'
import type { RefusedRecord, RefusedRecords } from './refused-records.ts'
import type { WriteFailure } from './write-outcome.ts'

export interface InfluxSinkOptions<V> {
  readonly toLine: (value: V) => LineResult
  readonly writer: LineWriter
  readonly refused: RefusedRecords<V>
  /** Lines of one request. */
  readonly maxLines: number
  /** Called with what has become of records, once it is durable. */
  readonly counted: (counts: { written: number; refused: number }) => void
}

export const sinkName = 'influxdb'

interface Entry<V> {
  readonly record: StreamRecord<V>
  readonly line: string
}

/**
 * Writes records as points. `write` resolves when each record is acknowledged by InfluxDB, or set aside as refused: a bad one never
 * takes the others with it. Rejects where InfluxDB gives an answer it should not give.
 */
export function influxSink<V>(options: InfluxSinkOptions<V>): ExternalSink<V> {
  const { toLine, writer, refused, maxLines, counted } = options
  return {
    name: sinkName,
    async write(records) {
      const bad: RefusedRecord<V>[] = []
      const entries: Entry<V>[] = []
      for (const record of records) {
        const result = toLine(record.value)
        if (result.ok) entries.push({ record, line: result.line })
        else bad.push(refusedRecord(record, 'not-a-point', result.issue))
      }
      for (let from = 0; from < entries.length; from += maxLines) {
        const chunk = entries.slice(from, from + maxLines)
        const notTaken = await writeChunk(writer, chunk)
        bad.push(...notTaken)
        counted({ written: chunk.length - notTaken.length, refused: 0 })
      }
      if (bad.length === 0) return
      await refused.write(bad)
      counted({ written: 0, refused: bad.length })
    },
    async close() {
      writer.close()
      await refused.close()
    },
  }
}

/** Writes the lines, and finds those that are refused by halving: the others are written again, which changes nothing. */
async function writeChunk<V>(writer: LineWriter, entries: readonly Entry<V>[]): Promise<RefusedRecord<V>[]> {
  const outcome = await writer.write(entries.map(({ line }) => line))
  if (outcome.ok) return []
  const { failure } = outcome
  if (failure.kind !== 'refused' && failure.kind !== 'too-large') throw sinkFailed(failure)
  if (entries.length === 1 || failure.droppedLines === entries.length) {
    return entries.map(({ record }) => refusedRecord(record, 'refused-by-influxdb', failure.message))
  }
  const middle = Math.ceil(entries.length / 2)
  const first = await writeChunk(writer, entries.slice(0, middle))
  return [...first, ...(await writeChunk(writer, entries.slice(middle)))]
}

function refusedRecord<V>(record: StreamRecord<V>, code: RefusedRecord<V>['code'], reason: string): RefusedRecord<V> {
  const { key, value, timestampMs } = record
  return { key, value, code, message: `record of ${key} at ${new Date(timestampMs).toISOString()}: ${reason}` }
}

function sinkFailed(failure: WriteFailure): StreamsError {
  return new StreamsError('sink-failed', `sink ${sinkName}: ${failure.message}`)
}
