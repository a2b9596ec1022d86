import { EventClock, MergedClock, type Clock } from '@tidemark/windowing'
import { fanOut, type Operator } from './operator.ts'
import type { OperatorContext } from './operator-context.ts'
import type { SourceNode } from './source-node.ts'
import type { TableState } from './table-state.ts'
import { sourcesOf, timekeeper, type OperatorNode, type Topology, type TopologyNode } from './topology.ts'

/** What a task has for its operators. */
export interface TaskSurroundings {
  clockOf(source: SourceNode<unknown>): EventClock
  /** All but the time and what the topology says; `sources` are those whose records the operator sees. */
  contextBehind(
    sources: ReadonlySet<SourceNode<unknown>>,
  ): Omit<OperatorContext, 'clock' | 'clockBehind' | 'rebuildable' | 'lateTopics' | 'afterHeartbeat' | 'tableOf'>
  tableOf<T>(table: SourceNode<T>): TableState<T>
  afterHeartbeat(source: SourceNode<unknown>, action: (key: string) => void): void
}

/** The operators of one task, each made once whatever number of ways lead to it, with the clocks that they go by. */
export class OperatorGraph {
  readonly #topology: Topology
  readonly #task: TaskSurroundings
  readonly #clocks = new Map<TopologyNode, Clock>()
  readonly #operators = new Map<TopologyNode, Operator<unknown>>()

  constructor(topology: Topology, task: TaskSurroundings) {
    this.#topology = topology
    this.#task = task
  }

  /** All that is behind a node, or behind one of its outlets, as one operator. */
  behind(node: TopologyNode, outlet?: string): Operator<unknown> {
    const followers = this.#topology.followers(node).filter((follower) => follower.outlet === outlet)
    return fanOut(followers.map((follower) => this.#operatorOf(follower.node)))
  }

  #operatorOf(node: OperatorNode<never, never>): Operator<unknown> {
    let operator = this.#operators.get(node)
    if (operator === undefined) {
      const context: OperatorContext = {
        ...this.#task.contextBehind(sourcesOf(node)),
        clock: this.#clockFor(node),
        clockBehind: node.time === 'own' && this.#isTimed(node) ? this.#ownClock(node) : undefined,
        rebuildable: timekeeper(inputOf(node)).kind === 'source',
        lateTopics: this.#topology.lateTopicsOf(node),
        tableOf: (table) => this.#task.tableOf(table),
        afterHeartbeat: (action) => {
          for (const source of sourcesOf(node)) this.#task.afterHeartbeat(source, action)
        },
      }
      operator = node.create(context, (outlet) => this.behind(node, outlet))
      this.#operators.set(node, operator)
    }
    return operator
  }

  /** What a step goes by. */
  #clockFor(node: OperatorNode<never, never>): Clock {
    return this.#clockBehind(node.time === 'merged' ? node : inputOf(node))
  }

  #clockBehind(node: TopologyNode): Clock {
    const keeper = timekeeper(node)
    if (keeper.kind === 'source') return this.#task.clockOf(keeper)
    if (keeper.time === 'own') return this.#ownClock(keeper)
    let merged = this.#clocks.get(keeper)
    if (merged === undefined) {
      const clocks = new Set(keeper.parents.map((parent) => this.#clockBehind(parent.node)))
      const [only] = clocks
      // Outlets of one step have one clock.
      merged = clocks.size === 1 && only !== undefined ? only : new MergedClock([...clocks])
      this.#clocks.set(keeper, merged)
    }
    return merged
  }

  #ownClock(node: OperatorNode<never, unknown>): EventClock {
    const known = this.#clocks.get(node)
    if (known instanceof EventClock) return known
    const clock = new EventClock(this.#clockBehind(inputOf(node)).mode)
    this.#clocks.set(node, clock)
    return clock
  }

  /** Whether any step behind a node looks at its clock. */
  #isTimed(node: TopologyNode): boolean {
    return this.#topology.followers(node).some((follower) => {
      return follower.node.needsTime === true || this.#isTimed(follower.node)
    })
  }
}

function inputOf(node: OperatorNode<never, unknown>): TopologyNode {
  const [parent] = node.parents
  if (parent === undefined) throw new Error(`${node.label} is behind nothing`)
  return parent.node
}
