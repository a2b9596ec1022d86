import type { Codec, RecordCollector, ValueToWrite } from '@tidemark/streams'
import type { LineResult } from './record-line.ts'

/** What a dead letter has besides the value of the record. */
export type RefusedLetter = Omit<ValueToWrite<unknown>, 'value' | 'codec'>

/** A record of some topic on its way to InfluxDB. */
export interface InfluxPoint {
  readonly line: LineResult
  /** Adds the record, as it was, to what goes to a dead letter topic. */
  refuseTo(collector: RecordCollector, letter: RefusedLetter): void
}

/** Makes points of the records of one topic. */
export function influxPoints<V>(toLine: (value: V) => LineResult, codec: Codec<V>): (value: V) => InfluxPoint {
  return (value) => ({
    line: toLine(value),
    refuseTo: (collector, letter) => collector.add({ ...letter, value, codec }),
  })
}
