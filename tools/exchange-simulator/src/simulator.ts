import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { Connection } from './connection.ts'
import type { ErrorShape } from './control-protocol.ts'
import type { FrameSource } from './frame-source.ts'
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from './heartbeat.ts'
import { createHttpServer } from './http-server.ts'
import { addresses, Doors } from './doors.ts'
import type { TlsAddress, TlsOptions } from './doors.ts'
import { openSource } from './open-source.ts'
import type { SourceOptions } from './open-source.ts'
import { RestApi } from './rest/rest-api.ts'
import { simulatorStatus } from './simulator-status.ts'
import type { SimulatorStatus } from './simulator-status.ts'
import { parseStreamUrl } from './stream-url.ts'
import { truthOf } from './truth.ts'
import type { Truth } from './truth.ts'

/** Most connections at a time; one more is refused at the handshake. */
export const MAX_CONNECTIONS = 1000
/** Largest message a client may send: 1,024 long stream names fit. */
export const MAX_CONTROL_BYTES = 256 * 1024

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
  readonly pingIntervalMs?: number
  readonly pongTimeoutMs?: number
  readonly errorShape?: ErrorShape
  readonly clock?: Clock
  /** Told of every connection that was cut and why. Silent by default. */
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
  const source = await openSource(options, clock)
  const streams = new StreamServer(options, source, clock)
  const status = () => streams.status()
  const truth = async () => truthOf(await source.published(), source.nowMs())
  const restApi = new RestApi({ weightPerMinute, historicalTrades })
  const http = createHttpServer({ source, clock, restApi, status, truth })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => streams.upgrade(request, socket, head)
  http.server.on('upgrade', upgrade)
  const doors = new Doors(http, host, upgrade)
  const stop = async () => {
    streams.stop()
    await source.stop()
    await doors.close()
  }
  try {
    const plainPort = await doors.openPlain(port)
    const tlsAddress = tls && (await doors.openTls(tls))
    const { url, httpUrl } = addresses(host, plainPort, '')
    return { url, httpUrl, port: plainPort, tls: tlsAddress, status, truth, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The WebSocket side: handshakes, and the connections that came of them. */
class StreamServer {
  readonly #options: SimulatorOptions
  readonly #source: FrameSource
  readonly #clock: Clock
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_CONTROL_BYTES })
  readonly #connections = new Set<Connection>()
  #connectionsTotal = 0
  #malformedSentBefore = 0

  constructor(options: SimulatorOptions, source: FrameSource, clock: Clock) {
    this.#options = options
    this.#source = source
    this.#clock = clock
  }

  status(): SimulatorStatus {
    const connections = [...this.#connections].map((connection) => connection.status())
    return simulatorStatus({
      source: this.#source.status(),
      connections,
      connectionsTotal: this.#connectionsTotal,
      malformedSentBefore: this.#malformedSentBefore,
    })
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const parsed = parseStreamUrl(request.url ?? '/')
    if (!parsed.ok) return refuse(socket, parsed.status, parsed.issue)
    if (this.#connections.size >= MAX_CONNECTIONS) return refuse(socket, 429, 'too many connections')
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      this.#connectionsTotal += 1
      const { errorShape = 'nested', log = () => {}, pingIntervalMs = PING_INTERVAL_MS } = this.#options
      const connection = new Connection({
        id: this.#connectionsTotal,
        ws,
        socket,
        opening: parsed.opening,
        source: this.#source,
        clock: this.#clock,
        pingIntervalMs,
        pongTimeoutMs: this.#options.pongTimeoutMs ?? PONG_TIMEOUT_MS,
        errorShape,
        log,
      })
      this.#connections.add(connection)
      ws.on('close', () => {
        this.#connections.delete(connection)
        this.#malformedSentBefore += connection.status().malformed_sent
      })
    })
  }

  stop(): void {
    for (const ws of this.#server.clients) ws.terminate()
    this.#server.close()
  }
}

function refuse(socket: Duplex, status: 400 | 404 | 429, issue: string): void {
  const reason = { 400: 'Bad Request', 404: 'Not Found', 429: 'Too Many Requests' }[status]
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(issue)}\r\n\r\n${issue}`,
  )
}
