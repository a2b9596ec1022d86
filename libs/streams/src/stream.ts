import type {
  Aggregator,
  AlignedWindows,
  Emit,
  SequenceRange,
  SlidingWindows,
  ValueSnapshots,
  Windows,
} from '@tidemark/windowing'
import type { BranchPredicate, REST } from './branch-operator.ts'
import type { Codec } from './codec.ts'
import type { ExternalSink } from './external-sink.ts'
import type { SequenceOptions } from './in-sequence-operator.ts'
import { formatOf, withKeys, withResultKeys, type KeyCodec, type KeyFormat, type KeyOption } from './key-codec.ts'
import type { Operator } from './operator.ts'
import { filterOperator, flatMapOperator, mapOperator, selectKeyOperator } from './operators.ts'
import type { ProcessOptions } from './process-operator.ts'
import type { SourceNode } from './source-node.ts'
import { sourceReader } from './source-reader.ts'
import {
  aggregateNode,
  branchNode,
  joinNode,
  mergeNode,
  plainNode,
  processNode,
  sequenceNode,
  sinkNode,
  topicNode,
} from './stream-nodes.ts'
import type { StreamRecord } from './stream-record.ts'
import type { Table } from './table.ts'
import { Topology, type OperatorNode, type Place } from './topology.ts'
import { windowsName } from './windows-name.ts'

/** What a source needs to be told of its records. */
export interface StreamOptions<V> {
  /** Event time of a value, in ms since the epoch: a safe integer from 0 on, or the record is a dead letter. */
  readonly timestampMs: (value: V) => number
  /** `partition` (default): one clock for all keys of a partition; `key`: one for each, for sources in order per key. */
  readonly clock?: 'partition' | 'key'
}

/**
 * Reads a topic. Records without a value are skipped, but for heartbeats (header `tidemark.watermark_ms`), which
 * move the clock; records that can't be decoded, or have no key, become dead letters.
 */
export function stream<V>(topic: string, codec: Codec<V>, options: StreamOptions<V>): Stream<V>
/** With keys that are not text. */
export function stream<V, K>(topic: string, codec: Codec<V>, options: StreamOptions<V> & KeyOption<K>): Stream<V, K>
export function stream<V, K>(
  topic: string,
  codec: Codec<V>,
  options: StreamOptions<V> & Partial<KeyOption<K>>,
): Stream<V, K> {
  const { timestampMs, clock = 'partition', key } = options
  const keys = formatOf(key)
  const source: SourceNode<V> = {
    kind: 'source',
    label: `source ${topic}`,
    topic,
    clock,
    nameOfKey: keys.nameOf,
    reader: (parts) => sourceReader({ codec, keys, timestampMs, clock: parts.clock, next: parts.next }),
  }
  return new Stream({ node: source }, keys)
}

/** How results leave for a topic. */
export interface ToOptions {
  /**
   * Heartbeats that are read are written on, as records without a value, with the time at the end: all results of their key with a
   * smaller event time stand before them. A result of a window has the last moment of the window as its event time. Not for a
   * compacted topic, which takes them for deletions.
   */
  readonly heartbeats?: boolean
}

/** The streams that `Stream.branch` makes: narrowed where a predicate is a type guard. */
export type Branches<V, P, K = string> = {
  readonly [B in keyof P]: Stream<
    P[B] extends ((value: V, record: StreamRecord<V, K>) => value is infer N extends V) ? N : V,
    K
  >
} & { readonly rest: Stream<V, K> }

/** The records of a source, step by step on their way. A stream may be used more than once: every use sees all records. */
export class Stream<V, K = string> {
  protected readonly place: Place
  readonly keys: KeyFormat<K>

  constructor(place: Place, keys: KeyFormat<K>) {
    this.place = place
    this.keys = keys
  }

  /** One value for each; the key stays. */
  map<R>(map: (value: V, record: StreamRecord<V, K>) => R): Stream<R, K> {
    return this.#then('map', (next: Operator<R>) => mapOperator(withKeys(this.keys, map), next))
  }

  filter(keep: (value: V, record: StreamRecord<V, K>) => boolean): Stream<V, K> {
    return this.#then('filter', (next: Operator<V>) => filterOperator(withKeys(this.keys, keep), next))
  }

  /** None, one or several values for each; the key stays. */
  flatMap<R>(expand: (value: V, record: StreamRecord<V, K>) => Iterable<R>): Stream<R, K> {
    return this.#then('flatMap', (next: Operator<R>) => flatMapOperator(withKeys(this.keys, expand), next))
  }

  /** Each record with what a table has for its key when it is processed; one that it has nothing for is left out. */
  join<T, R>(table: Table<T, K>, join: (value: V, entry: T, record: StreamRecord<V, K>) => R): Stream<R, K> {
    return this.#join('join', table, (value, entry, record) => join(value, entry as T, record))
  }

  /** As `join`, with all records: the table may have nothing for one. */
  leftJoin<T, R>(
    table: Table<T, K>,
    join: (value: V, entry: T | undefined, record: StreamRecord<V, K>) => R,
  ): Stream<R, K> {
    return this.#join('leftJoin', table, join)
  }

  /**
   * Each record goes to the first branch whose predicate takes it, in the order of their names here; `rest` is what none takes.
   * A branch that is not used is left out.
   */
  branch<P extends Readonly<Record<string, BranchPredicate<V, K>>>>(
    predicates: P & { readonly [REST]?: never },
  ): Branches<V, P, K> {
    const named = Object.entries<BranchPredicate<V, K>>(predicates).map(
      ([name, takes]) => [name, withKeys(this.keys, takes)] as const,
    )
    const { node, outlets } = branchNode(this.place, named)
    return Object.fromEntries(
      outlets.map((outlet) => [outlet, new Stream<V, K>({ node, outlet }, this.keys)]),
    ) as Branches<V, P, K>
  }

  /**
   * The records of this stream and of others, as they come. What follows goes by the time of the one that is furthest behind: a window closes when
   * all of them have passed it. The records of several sources come in no certain order, but those of each in its own; so results are certain
   * where no record is late in its own source. The sources need equal partition counts and clocks of the same kind.
   */
  merge<W extends V>(...others: readonly [Stream<W, K>, ...Stream<W, K>[]]): Stream<V, K> {
    if (others.some(({ keys }) => keys.codec !== this.keys.codec))
      throw new TypeError('merge: keys have different codecs')
    const node = mergeNode<V>([this.place, ...others.map(({ place }) => place)])
    return new Stream<V, K>({ node }, this.keys)
  }

  /**
   * Another key for each. Where a record is has nothing to do with its new key, so all that is left to do here is to write it to a topic, which
   * puts it where that key belongs.
   */
  selectKey(select: (value: V, record: StreamRecord<V, K>) => string): RekeyedStream<V>
  selectKey<N>(select: (value: V, record: StreamRecord<V, K>) => N, key: KeyCodec<N>): RekeyedStream<V, N>
  selectKey<N>(select: (value: V, record: StreamRecord<V, K>) => N, key?: KeyCodec<N>): RekeyedStream<V, N> {
    const keys = formatOf(key)
    const nameOf = withKeys(this.keys, (value: V, record) => {
      const selected = select(value, record)
      try {
        return keys.nameOfKey(selected)
      } catch (error) {
        throw new TypeError(`selectKey: ${(error as Error).message}`, { cause: error })
      }
    })
    const { place } = this.#then('selectKey', (next: Operator<V>) => selectKeyOperator(nameOf, next))
    return new RekeyedStream(new Stream<V, N>(place, keys))
  }

  /** By the key that the records have: their partition holds all of it. */
  groupByKey(): GroupedStream<V, K> {
    return new GroupedStream(this.place, this.keys)
  }

  /** Ends in a topic, partitioned by key as the Java client does. */
  to(topic: string, codec: Codec<V>, options: ToOptions = {}): Topology {
    const { heartbeats = false } = options
    return new Topology([topicNode(this.place, { topic, codec, keys: this.keys, heartbeats })])
  }

  /** Ends outside Kafka; offsets are committed after each write. */
  sink(sink: ExternalSink<V, K>): Topology {
    return new Topology([sinkNode(this.place, sink, this.keys)])
  }

  #join<T, R>(
    label: 'join' | 'leftJoin',
    { node: table, keys: tableKeys }: Table<T, K>,
    join: (value: V, entry: T | undefined, record: StreamRecord<V, K>) => R,
  ): Stream<R, K> {
    if (tableKeys.codec !== this.keys.codec) throw new TypeError(`${label} ${table.topic}: its keys have another codec`)
    const { keys, place } = this
    const node = joinNode(place, table, { join, keys, keepsUnmatched: label === 'leftJoin' })
    return new Stream<R, K>({ node }, keys)
  }

  #then<R>(label: string, create: (next: Operator<R>) => Operator<V>): Stream<R, K> {
    return new Stream<R, K>({ node: plainNode(this.place, label, create) }, this.keys)
  }
}

/** Records under a new key, on their way to a topic. */
export class RekeyedStream<V, K = string> {
  readonly #stream: Stream<V, K>

  constructor(stream: Stream<V, K>) {
    this.#stream = stream
  }

  /** As `Stream.to`. */
  to(topic: string, codec: Codec<V>): Topology {
    return this.#stream.to(topic, codec)
  }
}

/** Records by their key, for steps that keep something of each key. */
export class GroupedStream<V, K = string> {
  readonly #place: Place
  readonly #keys: KeyFormat<K>

  constructor(place: Place, keys: KeyFormat<K>) {
    this.#place = place
    this.#keys = keys
  }

  /** Cuts each key's records into windows, of any kind that `@tidemark/windowing` has. */
  window<W extends Windows<V>>(windows: W): WindowedStream<V, W, K> {
    return new WindowedStream(this.#place, this.#keys, windows)
  }

  /**
   * Steps of your own, with state per key and event-time timers: state of type `S`, handing on values of type `R`. Its time is that of
   * what it follows: behind windows, results come before timers that are due at their end.
   */
  process<S, R = never>(options: ProcessOptions<V, S, R, K>): Stream<R, K> {
    const node = processNode(this.#place, { ...options, keys: this.#keys })
    return new Stream<R, K>({ node }, this.#keys)
  }

  /** Brings each key's records into the order of a sequence: what came early is held until the ones before it have come or are given up. */
  inSequence(options: SequenceOptions<V>): SequencedStream<V, K> {
    return new SequencedStream<V, K>(sequenceNode(this.#place, options), this.#keys)
  }
}

/** A stream in sequence. Time behind it, and in its side streams, stays behind every record that is held. */
export class SequencedStream<V, K = string> extends Stream<V, K> {
  /** The ranges that were given up, at the event time of the record behind them. */
  readonly missing: Stream<SequenceRange, K>
  /** Records that had passed before, or are held. */
  readonly duplicates: Stream<V, K>
  /** Records that had been given up; they may be marked and merged with the stream again, or go to a topic. */
  readonly late: Stream<V, K>

  constructor(node: OperatorNode<V, V>, keys: KeyFormat<K>) {
    super({ node }, keys)
    this.missing = new Stream<SequenceRange, K>({ node, outlet: 'missing' }, keys)
    this.duplicates = new Stream<V, K>({ node, outlet: 'duplicates' }, keys)
    this.late = new Stream<V, K>({ node, outlet: 'late' }, keys)
  }
}

/** How the results of windows leave. */
export interface EmitOptions<W, V = unknown> {
  /**
   * `on-close`: one result per window, when the watermark reaches its end. `on-update`: also the result so far of each window that
   * has changed, at every commit; for windows whose bounds are known from the start.
   */
  readonly emit: W extends AlignedWindows ? Emit : 'on-close'
  /** Names the state; needed where two aggregates of one source have the same windows and may change places. */
  readonly name?: string
  /**
   * Which shape of the accumulators this is, default 1: state of another one is an error at the start. Without it they are told apart by the aggregator's
   * `kind`, or by the shape that a new one has; given, it is taken at its word, for a `restore` that also reads what an older one wrote.
   */
  readonly version?: number
  /** For sliding windows, which keep records: how values that are not JSON-safe become data and come back. */
  readonly values?: W extends SlidingWindows ? ValueSnapshots<V> : never
  /** A topic for late records, as of `AggregatedStream.to`; where the results go on to another step. */
  readonly late?: string
}

/** Records by their key and cut into windows, which wait for an aggregator. */
export class WindowedStream<V, W extends Windows<V>, K = string> {
  readonly #place: Place
  readonly #keys: KeyFormat<K>
  readonly #windows: W

  constructor(place: Place, keys: KeyFormat<K>, windows: W) {
    this.#place = place
    this.#keys = keys
    this.#windows = windows
  }

  /** Folds each key's records into its windows. */
  aggregate<A, R>(aggregator: Aggregator<V, A, R, K>, options: EmitOptions<W, V>): AggregatedStream<R, K> {
    const windows = this.#windows
    const { emit, late, values, version, name = `windows-${windowsName(windows)}` } = options
    const named = withResultKeys(this.#keys, aggregator)
    const step = { name, isNamed: options.name !== undefined, windows, aggregator: named, version, emit, values, late }
    return new AggregatedStream<R, K>({ node: aggregateNode(this.#place, step) }, this.#keys)
  }
}

/** The results of windows, whose late records can be sent to a topic of their own. */
export class AggregatedStream<R, K = string> extends Stream<R, K> {
  /**
   * As `Stream.to`. `late` names a topic for the records that came after their window had closed: unchanged, with the header
   * `tidemark.late.window`. Without it they are only counted.
   */
  override to(topic: string, codec: Codec<R>, options: ToOptions & { readonly late?: string } = {}): Topology {
    const { heartbeats = false, late } = options
    return new Topology([topicNode(this.place, { topic, codec, keys: this.keys, heartbeats, late })])
  }
}
