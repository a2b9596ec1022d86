import { checkInSequence, checkProcess } from '@tidemark/windowing'
import { aggregateOperator, type AggregateOptions } from './aggregate-operator.ts'
import { branchOperator, REST, type BranchPredicate } from './branch-operator.ts'
import type { ExternalSink } from './external-sink.ts'
import { inSequenceOperator, type SequenceOptions } from './in-sequence-operator.ts'
import type { KeyFormat } from './key-codec.ts'
import type { Operator } from './operator.ts'
import { externalSinkOperator, topicSinkOperator, type TopicSink } from './operators.ts'
import { processOperator, type ProcessOptions } from './process-operator.ts'
import { joinOperator, type JoinOptions } from './table.ts'
import type { SourceNode } from './source-node.ts'
import { firstSource, timekeeper, type OperatorNode, type Place } from './topology.ts'
import { windowsName } from './windows-name.ts'

// What the steps that users write are in the graph: each is behind its places, and says how its operator is made.

/** A step that hands on at once, whatever it makes of a record, and keeps nothing. */
export function plainNode<V, R>(
  place: Place,
  label: string,
  create: (next: Operator<R>) => Operator<V>,
): OperatorNode<V, R> {
  return { kind: 'operator', label, parents: [place], create: (_context, next) => create(next()) }
}

/** With an outlet for each name, and for the rest. Throws a TypeError for a name that can't be one. */
export function branchNode<V>(
  place: Place,
  named: readonly (readonly [name: string, takes: BranchPredicate<V>])[],
): { readonly node: OperatorNode<V, V>; readonly outlets: readonly string[] } {
  for (const [name] of named) {
    if (name === REST) throw new TypeError(`branch: ${REST} is the name of what no predicate takes`)
    // It would be asked before the others, wherever it stands: so JavaScript orders the properties of an object.
    if (/^\d+$/.test(name))
      throw new TypeError(`branch: the name ${name} is a number, which has no place in an order of names`)
  }
  const node: OperatorNode<V, V> = {
    kind: 'operator',
    label: 'branch',
    parents: [place],
    create: (_context, next) => branchOperator(named, next),
  }
  return { node, outlets: [...named.map(([name]) => name), REST] }
}

/** Throws a TypeError where clocks differ, or one place is there twice. */
export function mergeNode<V>(places: readonly [Place, ...Place[]]): OperatorNode<V, V> {
  const first = firstSource(places[0].node)
  const other = places.map(({ node }) => firstSource(node)).find(({ clock }) => clock !== first.clock)
  if (other !== undefined) {
    throw new TypeError(`merge: ${first.label} has a clock per ${first.clock}, ${other.label} per ${other.clock}`)
  }
  const isRepeated = places.some((place, at) =>
    places.slice(0, at).some(({ node, outlet }) => node === place.node && outlet === place.outlet),
  )
  if (isRepeated) throw new TypeError('merge: a stream is merged with itself')
  const keepers = new Set(places.map(({ node }) => timekeeper(node)))
  return {
    kind: 'operator',
    label: 'merge',
    parents: places,
    ...(keepers.size > 1 && { time: 'merged' }),
    create: (_context, next) => next(),
  }
}

export function joinNode<V, T, R, K>(
  place: Place,
  table: SourceNode<T>,
  options: JoinOptions<V, T, R, K>,
): OperatorNode<V, R> {
  return {
    kind: 'operator',
    label: `${options.keepsUnmatched ? 'leftJoin' : 'join'} ${table.topic}`,
    parents: [place, { node: table, outlet: 'entries' }],
    create: ({ tableOf }, next) => joinOperator(tableOf(table), options, next()),
  }
}

export function topicNode<V>(place: Place, sink: TopicSink<V>): OperatorNode<V, never> {
  const { topic, codec, heartbeats, late } = sink
  return {
    kind: 'operator',
    label: `to ${topic}${heartbeats ? ' with heartbeats' : ''}`,
    parents: [place],
    needsTime: heartbeats,
    ...(heartbeats && { heartbeatsTo: topic }),
    create: (context) => topicSinkOperator(sink, context),
    writes: { topics: late === undefined ? [topic] : [topic, late], codecs: [codec] },
    lateOfInput: late,
  }
}

export function sinkNode<V, K>(place: Place, typed: ExternalSink<V, K>, keys: KeyFormat<K>): OperatorNode<V, never> {
  // What the engine knows of the keys is how they are made of their names.
  const sink = typed as ExternalSink<V, never>
  const keyOf = keys.keyOf as (name: string) => never
  return {
    kind: 'operator',
    label: `sink ${sink.name}`,
    parents: [place],
    create: (context) => externalSinkOperator(sink, keyOf, context),
    sink,
  }
}

/** Throws a RangeError for an option that is none. */
export function processNode<V, S, R, K>(
  place: Place,
  options: ProcessOptions<V, S, R, K> & { readonly keys: KeyFormat<K> },
): OperatorNode<V, R> {
  const label = `process ${options.name}`
  checkProcess(label, options)
  return {
    kind: 'operator',
    label,
    parents: [place],
    state: { name: `process-${options.name}`, isGiven: true },
    ...(options.timers !== undefined && { time: 'own' }),
    needsTime: true,
    create: (context, next) => processOperator(options, context, next()),
  }
}

/** Throws a RangeError for an option that is none. */
export function sequenceNode<V>(place: Place, options: SequenceOptions<V>): OperatorNode<V, V> {
  const label = options.name ?? 'in-sequence'
  checkInSequence(label, options)
  return {
    kind: 'operator',
    label,
    state: { name: label, isGiven: options.name !== undefined },
    parents: [place],
    time: 'own',
    needsTime: true,
    create: (context, next) => inSequenceOperator(options, context, next),
  }
}

/** `isNamed`: the name was given; else it is that of the windows. */
export function aggregateNode<V, A, R>(
  place: Place,
  options: AggregateOptions<V, A, R> & { readonly isNamed: boolean; readonly late: string | undefined },
): OperatorNode<V, R> {
  const { name, isNamed, windows, emit, late } = options
  return {
    kind: 'operator',
    label: `aggregate ${windowsName(windows)} ${emit}`,
    state: { name, isGiven: isNamed },
    parents: [place],
    time: 'own',
    needsTime: true,
    create: (context, next) => aggregateOperator(options, context, next()),
    writes: { topics: late === undefined ? [] : [late], codecs: [] },
    late,
  }
}
