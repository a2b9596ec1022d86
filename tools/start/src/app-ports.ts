import { portsFromBase } from '@tidemark/stack'

/** Ports of what `npm start` runs beside the stack's servers. */
export interface AppPorts {
  readonly simulator: number
  readonly producer: number
  readonly aggregator: number
  readonly sink: number
  readonly alerts: number
}

const defaults: AppPorts = { simulator: 9443, producer: 8080, aggregator: 8181, sink: 8182, alerts: 8183 }

/** The default ports, or, above a base, those that follow the stack's. */
export function appPorts(base?: number): AppPorts {
  if (base === undefined) return defaults
  const first = base + portsFromBase
  return { simulator: first, producer: first + 1, aggregator: first + 2, sink: first + 3, alerts: first + 4 }
}
