import type { EventClock } from '@tidemark/windowing'
import type { Codec } from './codec.ts'
import { describeAsMermaid, describeAsText, type DescribedNode } from './describe-topology.ts'
import { StreamsError } from './errors.ts'
import type { ExternalSink } from './external-sink.ts'
import { fanOut, type Operator, type OperatorContext } from './operator.ts'
import type { SourceReader } from './source-reader.ts'

/** The head of a chain: a topic that is read. */
export interface SourceNode<out V> {
  readonly kind: 'source'
  readonly label: string
  readonly topic: string
  readonly clock: 'partition' | 'key'
  /** Makes the reader of one task, in front of what processes the values. */
  reader(clock: EventClock, next: Operator<V>): SourceReader
}

/** A step behind a source or another step. Types are checked where a `Stream` makes the node; the graph itself is untyped. */
export interface OperatorNode<in V, out R> {
  readonly kind: 'operator'
  readonly label: string
  readonly parent: SourceNode<unknown> | OperatorNode<never, unknown>
  create(context: OperatorContext, children: readonly Operator<R>[]): Operator<V>
  /** Topics that the step writes to, and what its codecs must look up first. */
  readonly writes?: { readonly topics: readonly string[]; readonly codecs: readonly Pick<Codec<never>, 'prepare'>[] }
  readonly sink?: ExternalSink<never>
}

type AnyNode = SourceNode<unknown> | OperatorNode<never, unknown>

/** Which sources feed which steps feed which ends. Immutable; running it is `run`'s, testing it `TopologyTestDriver`'s. */
export class Topology {
  readonly ends: readonly OperatorNode<never, never>[]
  readonly #children = new Map<AnyNode, OperatorNode<never, never>[]>()

  constructor(ends: readonly OperatorNode<never, never>[]) {
    this.ends = ends
    for (const end of ends) this.#link(end)
    const topics = this.sources.map(({ topic }) => topic)
    const twice = topics.find((topic, index) => topics.indexOf(topic) !== index)
    if (twice !== undefined) {
      throw new StreamsError(
        'topic-mismatch',
        `topic ${twice} is the source of two streams: make one with stream() and use it for both`,
      )
    }
  }

  get sources(): readonly SourceNode<unknown>[] {
    return [...this.#children.keys()].filter((node) => node.kind === 'source')
  }

  get outputTopics(): readonly string[] {
    return [...new Set(this.#operators().flatMap(({ writes }) => writes?.topics ?? []))]
  }

  get outputCodecs(): readonly Pick<Codec<never>, 'prepare'>[] {
    return [...new Set(this.#operators().flatMap(({ writes }) => writes?.codecs ?? []))]
  }

  get sinks(): readonly ExternalSink<never>[] {
    return [...new Set(this.#operators().flatMap(({ sink }) => (sink === undefined ? [] : [sink])))]
  }

  /** What feeds what: as indented text, or as a Mermaid flowchart. */
  describe(form: 'text' | 'mermaid' = 'text'): string {
    const described = this.sources.map((source) => this.#described(source))
    return form === 'text' ? describeAsText(described) : describeAsMermaid(described)
  }

  /** Makes the reader of a source and the operators behind it, for one task. */
  reader(source: SourceNode<unknown>, context: OperatorContext): SourceReader {
    return source.reader(context.clock, fanOut(this.#create(source, context)))
  }

  #create(node: AnyNode, context: OperatorContext): Operator<unknown>[] {
    return (this.#children.get(node) ?? []).map((child) => child.create(context, this.#create(child, context)))
  }

  #described(node: AnyNode): DescribedNode {
    return { label: node.label, children: (this.#children.get(node) ?? []).map((child) => this.#described(child)) }
  }

  #link(node: OperatorNode<never, unknown>): void {
    const siblings = this.#children.get(node.parent) ?? []
    if (siblings.includes(node as OperatorNode<never, never>)) return
    siblings.push(node as OperatorNode<never, never>)
    this.#children.set(node.parent, siblings)
    if (node.parent.kind === 'operator') this.#link(node.parent)
  }

  #operators(): OperatorNode<never, never>[] {
    return [...this.#children.values()].flat()
  }
}

/** Several ends as one application, sharing the sources and steps that they have in common. */
export function topology(...parts: readonly Topology[]): Topology {
  return new Topology(parts.flatMap(({ ends }) => ends))
}
