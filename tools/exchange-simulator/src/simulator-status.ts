import type { ConnectionStatus } from './connection.ts'
import type { SourceStatus } from './frame-source.ts'
import type { StreamServer } from './stream-server.ts'

/** What the simulator has, has sent, and whether it is through: the answer of `GET /simulator/status`. */
export interface SimulatorStatus extends SourceStatus {
  /** Sum over the symbols of the source's distinct trades. */
  readonly trades_total: number
  readonly connections: readonly ConnectionStatus[]
  /** Connections since the start, closed ones included. */
  readonly connections_total: number
  /** True when a connection has started, and all that have are done. Of closed connections nothing is said. */
  readonly done: boolean
  /** Malformed frames sent since the start, closed connections included. */
  readonly malformed_sent: number
}

export function simulatorStatus(source: SourceStatus, streams: StreamServer): SimulatorStatus {
  const { connectionsTotal, malformedSentBefore } = streams
  const connections = streams.statuses()
  const started = connections.filter((connection) => connection.started)
  return {
    ...source,
    trades_total: Object.values(source.trades).reduce((sum, { count }) => sum + count, 0),
    connections,
    connections_total: connectionsTotal,
    done: started.length > 0 && started.every((connection) => connection.done),
    malformed_sent: connections.reduce((sum, { malformed_sent }) => sum + malformed_sent, malformedSentBefore),
  }
}
