import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Clock } from './clock.ts'
import { ConnectLimit } from './connect-limit.ts'
import { Connection } from './connection.ts'
import type { ConnectionSettings, ConnectionStatus } from './connection.ts'
import type { FrameSource } from './frame-source.ts'
import { parseStreamUrl } from './stream-url.ts'

/** Most connections at a time; one more is refused at the handshake. */
const MAX_CONNECTIONS = 1000
/** Largest message a client may send: 1,024 long stream names fit. */
const MAX_CONTROL_BYTES = 256 * 1024

export interface StreamServerOptions {
  readonly source: FrameSource
  readonly clock: Clock
  readonly settings: ConnectionSettings
  /** Attempts to connect that an address has in five minutes; default 300. */
  readonly connectsPer5Minutes: number | undefined
  /** Status that a handshake is refused with at the moment. */
  readonly refusal: () => number | undefined
}

/** The WebSocket side: handshakes, and the connections that came of them. */
export class StreamServer {
  readonly #options: StreamServerOptions
  readonly #connectLimit: ConnectLimit
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_CONTROL_BYTES,
    autoPong: false,
  })
  readonly #connections = new Set<Connection>()
  #connectionsTotal = 0
  #malformedSentBefore = 0

  constructor(options: StreamServerOptions) {
    this.#options = options
    this.#connectLimit = new ConnectLimit(options.connectsPer5Minutes)
  }

  /** Those that are open, oldest first. */
  get connections(): readonly Connection[] {
    return [...this.#connections]
  }

  get connectionsTotal(): number {
    return this.#connectionsTotal
  }

  /** Malformed frames that connections were sent which are closed now. */
  get malformedSentBefore(): number {
    return this.#malformedSentBefore
  }

  statuses(): readonly ConnectionStatus[] {
    return this.connections.map((connection) => connection.status())
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { clock, refusal, settings, source } = this.#options
    const address = request.socket.remoteAddress ?? ''
    const refusedWith = refusal()
    if (refusedWith !== undefined) return refuse(socket, refusedWith, 'refused by a fault')
    if (!this.#connectLimit.admits(address, clock.nowMs())) return refuse(socket, 429, 'too many attempts to connect')
    const parsed = parseStreamUrl(request.url ?? '/')
    if (!parsed.ok) return refuse(socket, parsed.status, parsed.issue)
    if (this.#connections.size >= MAX_CONNECTIONS) return refuse(socket, 429, 'too many connections')
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      this.#connectionsTotal += 1
      const id = this.#connectionsTotal
      const connection = new Connection({ id, ws, socket, opening: parsed.opening, source, clock, settings })
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

function refuse(socket: Duplex, status: number, issue: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: close\r\n` +
      `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(issue)}\r\n\r\n${issue}`,
  )
}
