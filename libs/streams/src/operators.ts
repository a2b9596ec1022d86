import { promisedMs, refusePromise } from '@tidemark/windowing'
import type { Codec } from './codec.ts'
import type { ExternalSink } from './external-sink.ts'
import type { KeyNames } from './key-codec.ts'
import type { Operator } from './operator.ts'
import type { OperatorContext } from './operator-context.ts'
import { encodeFailed } from './record-errors.ts'
import { WATERMARK_HEADER } from './source-reader.ts'
import { ReusedRecord, type StreamRecord } from './stream-record.ts'

export function mapOperator<V, R>(map: (value: V, record: StreamRecord<V>) => R, next: Operator<R>): Operator<V> {
  const mapped = new ReusedRecord<R>()
  return {
    process(record) {
      next.process(mapped.of(record.key, map(record.value, record), record.timestampMs))
    },
    advance: (key) => next.advance(key),
  }
}

export function filterOperator<V>(
  keep: (value: V, record: StreamRecord<V>) => boolean,
  next: Operator<V>,
): Operator<V> {
  return {
    process(record) {
      const kept: unknown = keep(record.value, record)
      if (typeof kept !== 'boolean') refusePromise(kept, 'filter: its predicate')
      if (kept) next.process(record)
      else next.advance(record.key) // a record that is left out still moves time
    },
    advance: (key) => next.advance(key),
  }
}

export function flatMapOperator<V, R>(
  expand: (value: V, record: StreamRecord<V>) => Iterable<R>,
  next: Operator<R>,
): Operator<V> {
  const expanded = new ReusedRecord<R>()
  return {
    process(record) {
      next.advance(record.key) // where there are no values, the record still moves time
      for (const value of expand(record.value, record)) {
        next.process(expanded.of(record.key, value, record.timestampMs))
      }
    },
    advance: (key) => next.advance(key),
  }
}

export function selectKeyOperator<V>(
  select: (value: V, record: StreamRecord<V>) => string,
  next: Operator<V>,
): Operator<V> {
  const rekeyed = new ReusedRecord<V>()
  return {
    process(record) {
      next.process(rekeyed.of(select(record.value, record), record.value, record.timestampMs))
    },
    advance: nothing, // time is kept by the old key
  }
}

export interface TopicSink<V> {
  readonly topic: string
  readonly codec: Codec<V>
  readonly keys: KeyNames
  /** Heartbeats go on to the topic. */
  readonly heartbeats: boolean
  /** Behind windows: a topic for what came too late for them. */
  readonly late?: string | undefined
}

export function topicSinkOperator<V>(sink: TopicSink<V>, context: OperatorContext): Operator<V> {
  const { topic, codec, keys, heartbeats } = sink
  const { output } = context
  const isText = keys.codec === undefined
  const written = { topic, codec, key: '' as string | Buffer, value: undefined as V, timestampMs: 0 }
  if (heartbeats) writeHeartbeats(sink, context)
  return {
    process({ key, value, timestampMs }) {
      if (!output.open) return
      written.key = isText ? key : keys.bytesOf(key)
      written.value = value
      written.timestampMs = timestampMs
      try {
        output.collector.add(written)
      } catch (error) {
        throw encodeFailed(isText ? `topic ${topic} with key ${key}` : `topic ${topic}`, error)
      }
    },
    advance: nothing,
  }
}

/** Writes a heartbeat for each one that is read, with the time at this place: everything earlier has been written before it. */
function writeHeartbeats<V>(sink: TopicSink<V>, { output, clock, afterHeartbeat }: OperatorContext): void {
  const { topic, keys } = sink
  afterHeartbeat((key) => {
    const watermarkMs = promisedMs(clock.timeOf(key))
    if (!output.open || watermarkMs === -Infinity) return
    const headers = [{ key: WATERMARK_HEADER, value: Buffer.from(String(watermarkMs)) }]
    output.collector.addBytes({ topic, key: keys.bytesOf(key), value: null, timestampMs: watermarkMs, headers })
  })
}

/** `keyOf` makes the key that the sink takes of its name. */
export function externalSinkOperator<V>(
  sink: ExternalSink<V>,
  keyOf: (name: string) => string,
  context: OperatorContext,
): Operator<V> {
  const { output } = context
  return {
    process({ key, value, timestampMs }) {
      if (output.open) output.toSink(sink, { key: keyOf(key), value, timestampMs })
    },
    advance: nothing,
  }
}

function nothing(): void {}
