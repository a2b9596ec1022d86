import type { Aggregator, AlignedWindows, Emit, Windows } from '@tidemark/windowing'
import { aggregateOperator } from './aggregate-operator.ts'
import type { Codec } from './codec.ts'
import type { ExternalSink } from './external-sink.ts'
import {
  externalSinkOperator,
  filterOperator,
  flatMapOperator,
  mapOperator,
  selectKeyOperator,
  topicSinkOperator,
} from './operators.ts'
import { fanOut, type Operator, type OperatorContext } from './operator.ts'
import { sourceReader } from './source-reader.ts'
import type { StreamRecord } from './stream-record.ts'
import { windowsName } from './windows-name.ts'
import { Topology, type OperatorNode, type SourceNode } from './topology.ts'

export interface StreamOptions<V> {
  /** Event time of a value, in ms since the epoch: a safe integer from 0 on, or the record is a dead letter. */
  readonly timestampMs: (value: V) => number
  /** `partition` (default): one clock for all keys of a partition; `key`: one for each, for sources in order per key. */
  readonly clock?: 'partition' | 'key'
}

/**
 * Reads a topic with UTF-8 keys. Records without a value are skipped, but for heartbeats (header `tidemark.watermark_ms`), which
 * move the clock; records that can't be decoded, or have no key, become dead letters.
 */
export function stream<V>(topic: string, codec: Codec<V>, options: StreamOptions<V>): Stream<V> {
  const { timestampMs, clock = 'partition' } = options
  const source: SourceNode<V> = {
    kind: 'source',
    label: `source ${topic}`,
    topic,
    clock,
    reader: (eventClock, next) => sourceReader({ codec, timestampMs, clock: eventClock, next }),
  }
  return new Stream<V>(source)
}

/** The records of a source, step by step on their way. A stream may be used more than once: every use sees all records. */
export class Stream<V> {
  protected readonly node: SourceNode<V> | OperatorNode<never, V>

  constructor(node: SourceNode<V> | OperatorNode<never, V>) {
    this.node = node
  }

  /** One value for each; the key stays. */
  map<R>(map: (value: V, record: StreamRecord<V>) => R): Stream<R> {
    return this.#then('map', (next: Operator<R>) => mapOperator(map, next))
  }

  filter(keep: (value: V, record: StreamRecord<V>) => boolean): Stream<V> {
    return this.#then('filter', (next: Operator<V>) => filterOperator(keep, next))
  }

  /** None, one or several values for each; the key stays. */
  flatMap<R>(expand: (value: V, record: StreamRecord<V>) => Iterable<R>): Stream<R> {
    return this.#then('flatMap', (next: Operator<R>) => flatMapOperator(expand, next))
  }

  /**
   * Another key for each. Where a record is has nothing to do with its new key, so all that is left to do here is to write it to a topic, which
   * puts it where that key belongs.
   */
  selectKey(select: (value: V, record: StreamRecord<V>) => string): RekeyedStream<V> {
    return new RekeyedStream(this.#then('selectKey', (next: Operator<V>) => selectKeyOperator(select, next)))
  }

  /** By the key that the records have: their partition holds all of it. */
  groupByKey(): GroupedStream<V> {
    return new GroupedStream(this.node)
  }

  /** Ends in a topic, partitioned by key as the Java client does. */
  to(topic: string, codec: Codec<V>): Topology {
    const node: OperatorNode<V, never> = {
      kind: 'operator',
      label: `to ${topic}`,
      parent: this.node,
      create: (context) => topicSinkOperator(topic, codec, context),
      writes: { topics: [topic], codecs: [codec] },
    }
    return new Topology([node])
  }

  /** Ends outside Kafka; offsets are committed after each write. */
  sink(sink: ExternalSink<V>): Topology {
    const node: OperatorNode<V, never> = {
      kind: 'operator',
      label: `sink ${sink.name}`,
      parent: this.node,
      create: (context) => externalSinkOperator(sink, context),
      sink,
    }
    return new Topology([node])
  }

  #then<R>(label: string, create: (next: Operator<R>) => Operator<V>): Stream<R> {
    const node: OperatorNode<V, R> = {
      kind: 'operator',
      label,
      parent: this.node,
      create: (_context, children) => create(fanOut(children)),
    }
    return new Stream<R>(node)
  }
}

/** Records under a new key, on their way to a topic. */
export class RekeyedStream<V> {
  readonly #stream: Stream<V>

  constructor(stream: Stream<V>) {
    this.#stream = stream
  }

  /** As `Stream.to`. */
  to(topic: string, codec: Codec<V>): Topology {
    return this.#stream.to(topic, codec)
  }
}

export class GroupedStream<V> {
  readonly #parent: SourceNode<V> | OperatorNode<never, V>

  constructor(parent: SourceNode<V> | OperatorNode<never, V>) {
    this.#parent = parent
  }

  /** Cuts each key's records into windows, of any kind that `@tidemark/windowing` has. */
  window<W extends Windows<V>>(windows: W): WindowedStream<V, W> {
    return new WindowedStream(this.#parent, windows)
  }
}

/** How the results of windows leave. */
export interface EmitOptions<W> {
  /**
   * `on-close`: one result per window, when the watermark reaches its end. `on-update`: also the result so far of each window that
   * has changed, at every commit; for windows whose bounds are known from the start.
   */
  readonly emit: W extends AlignedWindows ? Emit : 'on-close'
  /** Names the state; needed where two aggregates of one source have the same windows and may change places. */
  readonly name?: string
}

export class WindowedStream<V, W extends Windows<V>> {
  readonly #parent: SourceNode<V> | OperatorNode<never, V>
  readonly #windows: W

  constructor(parent: SourceNode<V> | OperatorNode<never, V>, windows: W) {
    this.#parent = parent
    this.#windows = windows
  }

  /** Folds each key's records into its windows. */
  aggregate<A, R>(aggregator: Aggregator<V, A, R>, options: EmitOptions<W>): AggregatedStream<R> {
    const windows = this.#windows
    const { emit } = options
    const shape = windowsName(windows)
    const name = options.name ?? `windows-${shape}`
    const lateTopics: string[] = []
    const node: OperatorNode<V, R> = {
      kind: 'operator',
      get label() {
        const late = lateTopics.length === 0 ? '' : ` (late to ${lateTopics.join(', ')})`
        return `aggregate ${shape} ${emit}${late}`
      },
      parent: this.#parent,
      create: (context: OperatorContext, children: readonly Operator<R>[]) =>
        aggregateOperator({ name, windows, aggregator, emit, lateTopics }, context, fanOut(children)),
      writes: { topics: lateTopics, codecs: [] },
    }
    return new AggregatedStream<R>(node, lateTopics)
  }
}

/** The results of windows, whose late records can be sent to a topic of their own. */
export class AggregatedStream<R> extends Stream<R> {
  readonly #lateTopics: string[]

  constructor(node: OperatorNode<never, R>, lateTopics: string[]) {
    super(node)
    this.#lateTopics = lateTopics
  }

  /**
   * As `Stream.to`. `late` names a topic for the records that came after their window had closed: unchanged, with the header
   * `tidemark.late.window`. Without it they are only counted.
   */
  override to(topic: string, codec: Codec<R>, options: { late?: string } = {}): Topology {
    if (options.late !== undefined && !this.#lateTopics.includes(options.late)) this.#lateTopics.push(options.late)
    return super.to(topic, codec)
  }
}
