import type { Aggregator, AlignedWindows, Emit, SequenceRange, Windows } from '@tidemark/windowing'
import { aggregateOperator } from './aggregate-operator.ts'
import { branchOperator, REST, type BranchPredicate } from './branch-operator.ts'
import type { Codec } from './codec.ts'
import type { ExternalSink } from './external-sink.ts'
import { inSequenceOperator, type SequenceOptions } from './in-sequence-operator.ts'
import {
  externalSinkOperator,
  filterOperator,
  flatMapOperator,
  mapOperator,
  selectKeyOperator,
  topicSinkOperator,
} from './operators.ts'
import type { Operator } from './operator.ts'
import { processOperator, type ProcessOptions } from './process-operator.ts'
import { sourceReader } from './source-reader.ts'
import type { StreamRecord } from './stream-record.ts'
import { joinOperator, type Table } from './table.ts'
import { windowsName } from './windows-name.ts'
import { firstSource, timekeeper, Topology, type OperatorNode, type Place, type SourceNode } from './topology.ts'

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
    reader: (parts) => sourceReader({ codec, timestampMs, clock: parts.clock, next: parts.next }),
  }
  return new Stream<V>({ node: source })
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
export type Branches<V, P> = {
  readonly [K in keyof P]: Stream<
    P[K] extends ((value: V, record: StreamRecord<V>) => value is infer N extends V) ? N : V
  >
} & { readonly rest: Stream<V> }

/** The records of a source, step by step on their way. A stream may be used more than once: every use sees all records. */
export class Stream<V> {
  protected readonly place: Place

  constructor(place: Place) {
    this.place = place
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

  /** Each record with what a table has for its key when it is processed; one that it has nothing for is left out. */
  join<T, R>(table: Table<T>, join: (value: V, entry: T, record: StreamRecord<V>) => R): Stream<R> {
    return this.#join('join', table, (value, entry, record) => join(value, entry as T, record))
  }

  /** As `join`, with all records: the table may have nothing for one. */
  leftJoin<T, R>(table: Table<T>, join: (value: V, entry: T | undefined, record: StreamRecord<V>) => R): Stream<R> {
    return this.#join('leftJoin', table, join)
  }

  /**
   * Each record goes to the first branch whose predicate takes it, in the order of their names here; `rest` is what none takes.
   * A branch that is not used is left out.
   */
  branch<P extends Readonly<Record<string, BranchPredicate<V>>>>(
    predicates: P & { readonly [REST]?: never },
  ): Branches<V, P> {
    const named = Object.entries<BranchPredicate<V>>(predicates)
    const node: OperatorNode<V, V> = {
      kind: 'operator',
      label: 'branch',
      parents: [this.place],
      create: (_context, next) => branchOperator(named, next),
    }
    const outlets = [...named.map(([name]) => name), REST]
    return Object.fromEntries(outlets.map((outlet) => [outlet, new Stream<V>({ node, outlet })])) as Branches<V, P>
  }

  /**
   * The records of this stream and of others, as they come. What follows goes by the time of the one that is furthest behind: a window closes when
   * all of them have passed it. The records of several sources come in no certain order, but those of each in its own; so results are certain
   * where no record is late in its own source. The sources need equal partition counts and clocks of the same kind.
   */
  merge<W extends V>(...others: readonly [Stream<W>, ...Stream<W>[]]): Stream<V> {
    const places = [this.place, ...others.map(({ place }) => place)]
    const first = firstSource(this.place.node)
    const other = places.map(({ node }) => firstSource(node)).find(({ clock }) => clock !== first.clock)
    if (other !== undefined) {
      throw new TypeError(`merge: ${first.label} has a clock per ${first.clock}, ${other.label} per ${other.clock}`)
    }
    const isRepeated = places.some((place, at) =>
      places.slice(0, at).some(({ node, outlet }) => node === place.node && outlet === place.outlet),
    )
    if (isRepeated) throw new TypeError('merge: a stream is merged with itself')
    const keepers = new Set(places.map(({ node }) => timekeeper(node)))
    const node: OperatorNode<V, V> = {
      kind: 'operator',
      label: 'merge',
      parents: places,
      ...(keepers.size > 1 && { time: 'merged' }),
      create: (_context, next) => next(),
    }
    return new Stream<V>({ node })
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
    return new GroupedStream(this.place)
  }

  /** Ends in a topic, partitioned by key as the Java client does. */
  to(topic: string, codec: Codec<V>, options: ToOptions = {}): Topology {
    const { heartbeats = false } = options
    const node: OperatorNode<V, never> = {
      kind: 'operator',
      label: `to ${topic}${heartbeats ? ' with heartbeats' : ''}`,
      parents: [this.place],
      needsTime: heartbeats,
      create: (context) => topicSinkOperator({ topic, codec, heartbeats }, context),
      writes: { topics: [topic], codecs: [codec] },
    }
    return new Topology([node])
  }

  /** Ends outside Kafka; offsets are committed after each write. */
  sink(sink: ExternalSink<V>): Topology {
    const node: OperatorNode<V, never> = {
      kind: 'operator',
      label: `sink ${sink.name}`,
      parents: [this.place],
      create: (context) => externalSinkOperator(sink, context),
      sink,
    }
    return new Topology([node])
  }

  #join<T, R>(
    label: 'join' | 'leftJoin',
    { node: table }: Table<T>,
    join: (value: V, entry: T | undefined, record: StreamRecord<V>) => R,
  ): Stream<R> {
    const node: OperatorNode<V, R> = {
      kind: 'operator',
      label: `${label} ${table.topic}`,
      parents: [this.place, { node: table, outlet: 'entries' }],
      create: ({ tableOf }, next) =>
        joinOperator(tableOf(table), { join, keepsUnmatched: label === 'leftJoin' }, next()),
    }
    return new Stream<R>({ node })
  }

  #then<R>(label: string, create: (next: Operator<R>) => Operator<V>): Stream<R> {
    const node: OperatorNode<V, R> = {
      kind: 'operator',
      label,
      parents: [this.place],
      create: (_context, next) => create(next()),
    }
    return new Stream<R>({ node })
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
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
  }

  /** Cuts each key's records into windows, of any kind that `@tidemark/windowing` has. */
  window<W extends Windows<V>>(windows: W): WindowedStream<V, W> {
    return new WindowedStream(this.#place, windows)
  }

  /**
   * Steps of your own, with state per key and event-time timers: state of type `S`, handing on values of type `R`. Its time is that of
   * what it follows: behind windows, results come before timers that are due at their end.
   */
  process<S, R = never>(options: ProcessOptions<V, S, R>): Stream<R> {
    const node: OperatorNode<V, R> = {
      kind: 'operator',
      label: `process ${options.name}`,
      parents: [this.#place],
      ...(options.timers !== undefined && { time: 'own' }),
      needsTime: true,
      create: (context, next) => processOperator(options, context, next()),
    }
    return new Stream<R>({ node })
  }

  /** Brings each key's records into the order of a sequence: what came early is held until the ones before it have come or are given up. */
  inSequence(options: SequenceOptions<V>): SequencedStream<V> {
    const node: OperatorNode<V, V> = {
      kind: 'operator',
      label: options.name ?? 'in-sequence',
      parents: [this.#place],
      time: 'own',
      needsTime: true,
      create: (context, next) => inSequenceOperator(options, context, next),
    }
    return new SequencedStream<V>(node)
  }
}

/** A stream in sequence. Time behind it, and in its side streams, stays behind every record that is held. */
export class SequencedStream<V> extends Stream<V> {
  /** The ranges that were given up, at the event time of the record behind them. */
  readonly missing: Stream<SequenceRange>
  /** Records that had passed before, or are held. */
  readonly duplicates: Stream<V>
  /** Records that had been given up; they may be marked and merged with the stream again, or go to a topic. */
  readonly late: Stream<V>

  constructor(node: OperatorNode<V, V>) {
    super({ node })
    this.missing = new Stream<SequenceRange>({ node, outlet: 'missing' })
    this.duplicates = new Stream<V>({ node, outlet: 'duplicates' })
    this.late = new Stream<V>({ node, outlet: 'late' })
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
  /** A topic for late records, as of `AggregatedStream.to`; where the results go on to another step. */
  readonly late?: string
}

export class WindowedStream<V, W extends Windows<V>> {
  readonly #place: Place
  readonly #windows: W

  constructor(place: Place, windows: W) {
    this.#place = place
    this.#windows = windows
  }

  /** Folds each key's records into its windows. */
  aggregate<A, R>(aggregator: Aggregator<V, A, R>, options: EmitOptions<W>): AggregatedStream<R> {
    const windows = this.#windows
    const { emit, late } = options
    const shape = windowsName(windows)
    const name = options.name ?? `windows-${shape}`
    const lateTopics: string[] = late === undefined ? [] : [late]
    const node: OperatorNode<V, R> = {
      kind: 'operator',
      get label() {
        const lateTo = lateTopics.length === 0 ? '' : ` (late to ${lateTopics.join(', ')})`
        return `aggregate ${shape} ${emit}${lateTo}`
      },
      parents: [this.#place],
      time: 'own',
      needsTime: true,
      create: (context, next) => aggregateOperator({ name, windows, aggregator, emit, lateTopics }, context, next()),
      writes: { topics: lateTopics, codecs: [] },
    }
    return new AggregatedStream<R>(node, lateTopics)
  }
}

/** The results of windows, whose late records can be sent to a topic of their own. */
export class AggregatedStream<R> extends Stream<R> {
  readonly #lateTopics: string[]

  constructor(node: OperatorNode<never, R>, lateTopics: string[]) {
    super({ node })
    this.#lateTopics = lateTopics
  }

  /**
   * As `Stream.to`. `late` names a topic for the records that came after their window had closed: unchanged, with the header
   * `tidemark.late.window`. Without it they are only counted.
   */
  override to(topic: string, codec: Codec<R>, options: ToOptions & { readonly late?: string } = {}): Topology {
    const { late } = options
    if (late !== undefined && !this.#lateTopics.includes(late)) this.#lateTopics.push(late)
    return super.to(topic, codec, options)
  }
}
