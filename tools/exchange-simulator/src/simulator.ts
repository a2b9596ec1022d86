import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { CONNECTION_LIFE_MS } from './connection.ts'
import type { ErrorShape } from './control-protocol.ts'
import type { FrameSource } from './frame-source.ts'
import { createHttpServer } from './http-server.ts'
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from './heartbeat.ts'
import { addresses, Doors } from './doors.ts'
import type { TlsAddress, TlsOptions } from './doors.ts'
import type { FaultInput, FaultScriptInput } from './faults/fault.ts'
import { checkFault, checkFaultScript } from './faults/fault-file.ts'
import type { FaultRecord, FaultyConnection } from './faults/fault-injector.ts'
import { FaultInjector } from './faults/fault-injector.ts'
import { openSource } from './open-source.ts'
import type { SourceOptions } from './open-source.ts'
import { RestApi } from './rest/rest-api.ts'
import { simulatorStatus } from './simulator-status.ts'
import type { SimulatorStatus } from './simulator-status.ts'
import { SimulatorError } from './simulator-error.ts'
import { StreamServer } from './stream-server.ts'
import { truthOf } from './truth.ts'
import type { Truth } from './truth.ts'

export interface SimulatorOptions extends SourceOptions {
  /** Default 127.0.0.1: no other machine reaches it. */
  readonly host?: string
  /** Default 0: a free one. */
  readonly port?: number
  /** A second port that speaks TLS, with a certificate made at the start. Default: none. */
  readonly tls?: TlsOptions
  /** Request weight an address may use up a minute; default 6,000. */
  readonly weightPerMinute?: number
  /** Off for a host that does not have `historicalTrades`; default on. */
  readonly historicalTrades?: boolean
  /** Attempts to connect that an address has in five minutes; default 300. */
  readonly connectsPer5Minutes?: number
  /** How long a connection may live; default 24 h. */
  readonly connectionLifeMs?: number
  /** What is to go wrong, and when. Default: nothing. */
  readonly faults?: FaultScriptInput
  readonly pingIntervalMs?: number
  readonly pongTimeoutMs?: number
  readonly errorShape?: ErrorShape
  readonly clock?: Clock
  /** Told of every connection that was cut and why, and of every fault. Silent by default. */
  readonly log?: (message: string) => void
}

export interface Simulator {
  /** `ws://127.0.0.1:P`: the base that `/ws` and `/stream` are appended to. */
  readonly url: string
  /** `http://127.0.0.1:P`: the base of `/api/v3` and `/simulator/status`. */
  readonly httpUrl: string
  readonly port: number
  readonly tls: TlsAddress | undefined
  status(): SimulatorStatus
  /** What was published so far: each id of each symbol. */
  truth(): Promise<Truth>
  /** Makes something go wrong now; throws a `SimulatorError` for what is no fault. */
  inject(fault: FaultInput): void
  /** What has gone wrong so far, of the script and injected, in its order; the first 10,000. */
  faults(): readonly FaultRecord[]
  /** Cuts all connections and frees the port. */
  stop(): Promise<void>
}

/**
 * Starts an exchange on this machine: the WebSocket streams of a recording or of a synthetic market, and plain HTTP on
 * the same port. Resolves when it accepts connections. Rejects with a `SimulatorError` for a bad option, a bad line
 * in the recording (named by file and line) or a taken port.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, tls, weightPerMinute, historicalTrades, clock = systemClock } = options
  const { connectionLifeMs: lifeMs = CONNECTION_LIFE_MS, connectsPer5Minutes, errorShape = 'nested' } = options
  const { log = () => {}, pingIntervalMs = PING_INTERVAL_MS, pongTimeoutMs = PONG_TIMEOUT_MS, seed = 1 } = options
  const script = options.faults && checkFaultScript(options.faults, 'script')
  const skipIds = (count: number, symbols?: readonly string[]) => source.skipIds?.(count, symbols)
  const connections = (): readonly FaultyConnection[] => streams.connections
  const faults: FaultInjector = new FaultInjector({ script, seed, clock, connections, skipIds, log })
  const source = await openSource(options, clock, faults)
  if (script?.faults.some((fault) => fault.do === 'skip-ids')) checkSkips(source)
  const settings = { pingIntervalMs, pongTimeoutMs, lifeMs, errorShape, seed: script?.seed ?? seed, log }
  const refusal = () => faults.refusal()
  const streams = new StreamServer({ source, clock, settings, connectsPer5Minutes, refusal })
  const status = () => simulatorStatus(source.status(), streams)
  const truth = async () => truthOf(await source.published(), source.nowMs())
  const inject = (input: unknown) => {
    const fault = checkFault(input)
    if (fault.do === 'skip-ids') checkSkips(source)
    faults.inject(fault)
  }
  const restApi = new RestApi({ weightPerMinute, historicalTrades })
  const http = createHttpServer({ source, clock, restApi, faults, inject, status, truth })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => streams.upgrade(request, socket, head)
  http.server.on('upgrade', upgrade)
  const doors = new Doors(http, host, upgrade)
  const stop = async () => {
    faults.stop()
    streams.stop()
    await source.stop()
    await doors.close()
  }
  try {
    const plainPort = await doors.openPlain(port)
    const tlsAddress = tls && (await doors.openTls(tls))
    const { url, httpUrl } = addresses(host, plainPort, '')
    const happened = () => faults.journal
    return { url, httpUrl, port: plainPort, tls: tlsAddress, status, truth, inject, faults: happened, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function checkSkips({ skipIds }: FrameSource): void {
  if (skipIds !== undefined) return
  throw new SimulatorError('bad-faults', 'faults: skip-ids needs a synthetic market, a recording has ids of its own')
}
