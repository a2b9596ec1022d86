import { WindowedFold, type Aggregator, type TumblingWindows } from '@tidemark/windowing'
import type { Codec } from './codec.ts'
import { durationLabel } from './duration-label.ts'
import type { ExternalSink } from './external-sink.ts'
import type { Operator, OperatorContext } from './operator.ts'
import type { StreamRecord } from './stream-record.ts'

export function mapOperator<V, R>(map: (value: V, record: StreamRecord<V>) => R, next: Operator<R>): Operator<V> {
  return {
    process(record) {
      next.process({ key: record.key, value: map(record.value, record), timestampMs: record.timestampMs })
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
      if (keep(record.value, record)) next.process(record)
      else next.advance(record.key) // a record that is left out still moves time
    },
    advance: (key) => next.advance(key),
  }
}

export function flatMapOperator<V, R>(
  expand: (value: V, record: StreamRecord<V>) => Iterable<R>,
  next: Operator<R>,
): Operator<V> {
  return {
    process(record) {
      next.advance(record.key) // where there are no values, the record still moves time
      for (const value of expand(record.value, record)) {
        next.process({ key: record.key, value, timestampMs: record.timestampMs })
      }
    },
    advance: (key) => next.advance(key),
  }
}

export interface AggregateOptions<V, A, R> {
  readonly name: string
  readonly windows: TumblingWindows
  readonly aggregator: Aggregator<V, A, R>
  /** Topics that get the records whose window was closed, unchanged. */
  readonly lateTopics: readonly string[]
}

/** Header of a late record: the size of the window that it came too late for. */
export const LATE_WINDOW_HEADER = 'tidemark.late.window'

export function aggregateOperator<V, A, R>(
  options: AggregateOptions<V, A, R>,
  context: OperatorContext,
  next: Operator<R>,
): Operator<V> {
  const { windows, aggregator, lateTopics } = options
  const { output, position } = context
  const lateHeader = { key: LATE_WINDOW_HEADER, value: Buffer.from(durationLabel(windows.sizeMs)) }
  const forwardLate = () => {
    output.countLate()
    const { cursor } = position
    for (const topic of lateTopics) {
      const headers = [...cursor.headers(), lateHeader]
      const { timestampMs } = cursor
      output.collector.addBytes({ topic, key: cursor.key(), value: cursor.value(), timestampMs, headers })
    }
  }
  const fold = new WindowedFold<V, A, R>({
    windows,
    aggregator,
    clock: context.clock,
    nowMs: () => context.nowMs(),
    maxOpenWindows: context.maxOpenWindows,
    output: {
      // A result carries the last moment of its window as its event time.
      result: (key, value, window) => next.process({ key, value, timestampMs: window.endMs - 1 }),
      late: forwardLate,
    },
  })
  context.keep({
    name: options.name,
    oldestOffset: () => fold.oldestOffset(),
    lateCounts: () => fold.lateCounts(),
    restoreLateCounts: (counts) => fold.restoreLateCounts(counts),
  })
  return {
    process({ key, value, timestampMs }) {
      fold.add(key, value, { timestampMs, offset: position.cursor.offset, rebuilding: !output.open })
    },
    advance: (key) => fold.advance(key),
  }
}

export function topicSinkOperator<V>(topic: string, codec: Codec<V>, context: OperatorContext): Operator<V> {
  const { output } = context
  return {
    process({ key, value, timestampMs }) {
      if (output.open) output.collector.add({ topic, key, value, codec, timestampMs })
    },
    advance: nothing,
  }
}

export function externalSinkOperator<V>(sink: ExternalSink<V>, context: OperatorContext): Operator<V> {
  const { output } = context
  return {
    process(record) {
      if (output.open) output.toSink(sink, record)
    },
    advance: nothing,
  }
}

function nothing(): void {}
