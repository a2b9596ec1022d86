import type { Codec } from './codec.ts'
import { describeAsMermaid, describeAsText, type DescribedNode } from './describe-topology.ts'
import { StreamsError } from './errors.ts'
import type { ExternalSink } from './external-sink.ts'
import type { Next, Operator } from './operator.ts'
import type { OperatorContext } from './operator-context.ts'
import type { SourceNode } from './source-node.ts'

/** A step behind sources or other steps. Types are checked where a `Stream` makes the node; the graph itself is untyped. */
export interface OperatorNode<in V, out R> {
  readonly kind: 'operator'
  readonly label: string
  readonly parents: readonly Place[]
  /**
   * What time it is behind the step: that of its input, if left out; `own`: the step's, which moves the clock behind it; `merged`: the
   * earliest of its inputs.
   */
  readonly time?: 'own' | 'merged'
  /** The step looks at its clock. */
  readonly needsTime?: boolean
  create(context: OperatorContext, next: Next<R>): Operator<V>
  /** A topic that the step writes heartbeats to: nobody else may write there, or they would promise for others. */
  readonly heartbeatsTo?: string
  /** Topics that the step writes to, and what its codecs must look up first. */
  readonly writes?: { readonly topics: readonly string[]; readonly codecs: readonly Pick<Codec<never>, 'prepare'>[] }
  readonly sink?: ExternalSink<never>
  /** The state that the step keeps. Several with a default name are numbered; a name that was given is that of one state. */
  readonly state?: { readonly name: string; readonly isGiven: boolean }
  /** For windows: a topic for the records that come too late for them. */
  readonly late?: string | undefined
  /** For an end right behind windows: another one. */
  readonly lateOfInput?: string | undefined
}

export type TopologyNode = SourceNode<unknown> | OperatorNode<never, unknown>

/** Where a step is attached: behind a source or a step, through one of its outlets if it has several. */
export interface Place {
  readonly node: TopologyNode
  readonly outlet?: string
}

/** A step as seen from a node that it is behind. */
export interface Follower {
  readonly node: OperatorNode<never, never>
  readonly outlet: string | undefined
}

/** What comes first before a step, where all that comes before it has the same kind of clock. */
export function firstSource(node: TopologyNode): SourceNode<unknown> {
  if (node.kind === 'source') return node
  const [parent] = node.parents
  if (parent === undefined) throw new Error(`${node.label} is behind nothing`)
  return firstSource(parent.node)
}

/** All sources whose records a node sees. */
export function sourcesOf(node: TopologyNode): Set<SourceNode<unknown>> {
  if (node.kind === 'source') return new Set([node])
  return new Set(node.parents.flatMap((parent) => [...sourcesOf(parent.node)]))
}

/** A step before a node that goes by what it has seen before, of several sources together. */
function mixingStep(node: TopologyNode): TopologyNode | undefined {
  if (node.kind === 'source') return undefined
  const streams = [...sourcesOf(node)].filter(({ newTable }) => newTable === undefined)
  if (streams.length < 2) return undefined
  if (node.needsTime === true) return node
  return node.parents.map((parent) => mixingStep(parent.node)).find((step) => step !== undefined)
}

/** Whose clock it is that a node's outputs go by. */
export function timekeeper(node: TopologyNode): TopologyNode {
  if (node.kind === 'source' || node.time !== undefined) return node
  const [parent] = node.parents
  if (parent === undefined) throw new Error(`${node.label} is behind nothing`)
  return timekeeper(parent.node)
}

/** Which sources feed which steps feed which ends. Immutable; running it is `run`'s, testing it `TopologyTestDriver`'s. */
export class Topology {
  readonly ends: readonly OperatorNode<never, never>[]
  readonly #followers = new Map<TopologyNode, Follower[]>()

  constructor(ends: readonly OperatorNode<never, never>[]) {
    this.ends = Object.freeze([...ends])
    for (const end of ends) this.#link(end)
    const topics = this.sources.map(({ topic }) => topic)
    const twice = topics.find((topic, index) => topics.indexOf(topic) !== index)
    if (twice !== undefined) {
      throw new StreamsError(
        'topic-mismatch',
        `topic ${twice} is the source of two streams: make one with stream() and use it for both`,
      )
    }
    this.#checkHeartbeats()
    this.#checkStateNames()
    for (const end of ends) checkOffsets(end)
  }

  #checkHeartbeats(): void {
    const operators = this.#operators()
    const written = operators.flatMap(({ writes }) => writes?.topics ?? [])
    for (const { heartbeatsTo: topic } of operators) {
      if (topic === undefined || written.filter((other) => other === topic).length === 1) continue
      throw new StreamsError(
        'topic-mismatch',
        `topic ${topic} gets heartbeats, and records of more than one end, which they would not be true of: merge the streams first`,
      )
    }
  }

  #checkStateNames(): void {
    const states = this.#operators().flatMap(({ label, state }) => (state === undefined ? [] : [{ label, ...state }]))
    for (const given of states.filter(({ isGiven }) => isGiven)) {
      const [, other] = states.filter(({ name }) => name === given.name)
      if (other === undefined) continue
      throw new StreamsError(
        'unsupported',
        `two steps have a state named ${given.name} (${given.label} and another one), which would be taken for each other's when their order changes: ` +
          `give each a name of its own (the second one had ${given.name}-2 in versions that took this, and keeps its state under that name)`,
      )
    }
  }

  get sources(): readonly SourceNode<unknown>[] {
    return [...this.#followers.keys()].filter((node) => node.kind === 'source')
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
    const known = new Map<TopologyNode, DescribedNode>()
    const described = this.sources.map((source) => this.#described(source, known))
    return form === 'text' ? describeAsText(described) : describeAsMermaid(described)
  }

  /** The steps behind a node, in the order in which they get its records. */
  followers(node: TopologyNode): readonly Follower[] {
    return this.#followers.get(node) ?? []
  }

  /** Where records go that come too late for a node: those of its ends are of this topology alone. */
  lateTopicsOf(node: OperatorNode<never, unknown>): readonly string[] {
    return [...new Set([node.late, ...this.followers(node).map(({ node: { lateOfInput } }) => lateOfInput)])].filter(
      (topic) => topic !== undefined,
    )
  }

  #described(node: TopologyNode, known: Map<TopologyNode, DescribedNode>): DescribedNode {
    let described = known.get(node)
    if (described === undefined) {
      const children = this.followers(node).map((follower) => ({
        node: this.#described(follower.node, known),
        outlet: follower.outlet,
      }))
      const late = node.kind === 'source' ? [] : this.lateTopicsOf(node)
      described = { label: late.length === 0 ? node.label : `${node.label} (late to ${late.join(', ')})`, children }
      known.set(node, described)
    }
    return described
  }

  #link(node: OperatorNode<never, never>): void {
    for (const { node: parent, outlet } of node.parents) {
      const followers = this.#followers.get(parent) ?? []
      if (followers.some((follower) => follower.node === node && follower.outlet === outlet)) continue
      followers.push({ node, outlet })
      this.#followers.set(parent, followers)
      if (parent.kind === 'operator') this.#link(parent as OperatorNode<never, never>)
    }
  }

  #operators(): OperatorNode<never, never>[] {
    return [...new Set([...this.#followers.values()].flat().map(({ node }) => node))]
  }
}

/** A sink that holds its offsets leaves out what it has by the record that it came of. So it must come of the same record again. */
function checkOffsets(end: OperatorNode<never, never>): void {
  const { sink } = end
  const step = sink?.loadOffsets === undefined ? undefined : mixingStep(end)
  if (step === undefined) return
  const topics = [...sourcesOf(step)].map(({ topic }) => topic).join(', ')
  throw new StreamsError(
    'unsupported',
    `sink ${sink?.name} holds its offsets, but is behind ${step.label}, which sees ${topics} together: which record a result comes of ` +
      'depends on which came first, so a result could be lost after a crash: write the results to a topic, and let the sink read that',
  )
}

/** Several ends as one application, sharing the sources and steps that they have in common. */
export function topology(...parts: readonly Topology[]): Topology {
  return new Topology(parts.flatMap(({ ends }) => ends))
}
