import { Topology } from '@tidemark/streams'
import { RefusedError } from './refused-error.ts'

export interface DescribeRequest {
  /** Path of the module, from the working directory. */
  readonly module: string
  /** Name of the export; `describedTopology`, or else its only topology, if left out. */
  readonly export?: string
  readonly mermaid: boolean
}

/** What a module exports that has the topology to describe beside others. */
const DESCRIBED = 'describedTopology'

/**
 * What a topology that a module exports, or that an exported function without parameters makes, says of itself. Throws a `RefusedError` where
 * there is none, or more than one.
 */
export function describedTopology(exported: Readonly<Record<string, unknown>>, request: DescribeRequest): string {
  const { module, mermaid, export: name } = request
  const found = name === undefined ? (exported[DESCRIBED] ?? onlyTopology(exported, module)) : exported[name]
  const topology: unknown = typeof found === 'function' && found.length === 0 ? (found as () => unknown)() : found
  if (!(topology instanceof Topology)) {
    throw new RefusedError(
      `${module}: export ${name ?? DESCRIBED} is neither a topology nor a function without parameters that makes one`,
    )
  }
  return topology.describe(mermaid ? 'mermaid' : 'text')
}

function onlyTopology(exported: Readonly<Record<string, unknown>>, module: string): unknown {
  const topologies = Object.entries(exported).filter(([, value]) => value instanceof Topology)
  const [only, another] = topologies
  if (only !== undefined && another === undefined) return only[1]
  const names = Object.keys(exported).join(', ') || 'nothing'
  const why = only === undefined ? 'exports no topology' : 'exports several topologies'
  throw new RefusedError(`${module} ${why}: name one of its exports with --export (it exports ${names})`)
}
