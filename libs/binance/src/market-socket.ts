import { WebSocket, type ClientOptions, type RawData } from 'ws'
import { describeConnectFailure, describeRefusal } from './connect-failure.ts'

export interface SocketEvents {
  opened(): void
  frame(bytes: Buffer, binary: boolean): void
  /** The server's ping, to be answered with the same payload. */
  pinged(payload: Buffer): void
  /**
   * Once, and nothing after it: the connection ended or was never made, and where the exchange says so, none is to be tried for
   * `retryAfterMs`. Not called after `drop`.
   */
  lost(reason: string, retryAfterMs?: number): void
}

export interface SocketLimits {
  /** A larger frame ends the connection. */
  readonly maxPayloadBytes: number
  readonly handshakeTimeoutMs: number
  /** How long a closing server may take to say goodbye. */
  readonly closeTimeoutMs: number
}

/** One WebSocket connection to the exchange. */
export interface MarketSocket {
  pong(payload: Buffer): void
  send(text: string): void
  /** Stops reading: the other side's sending is held up once the network's buffers are full. */
  pause(): void
  resume(): void
  close(): void
  drop(): void
}

export function openMarketSocket(url: string, events: SocketEvents, limits: SocketLimits): MarketSocket {
  const options: ClientOptions & { closeTimeout: number } = {
    maxPayload: limits.maxPayloadBytes,
    handshakeTimeout: limits.handshakeTimeoutMs,
    closeTimeout: limits.closeTimeoutMs,
    // The frames are small and many: inflating them costs more than it saves.
    perMessageDeflate: false,
    // Pongs count among the messages that the exchange takes: they go out with the others.
    autoPong: false,
    // Checked by the parser instead, where a bad frame is a dead letter and not the end of the connection.
    skipUTF8Validation: true,
  }
  const socket = new WebSocket(url, options)
  let isOver = false
  let failure: string | undefined
  let retryAfterMs: number | undefined
  const report = (event: () => void): void => {
    if (!isOver) event()
  }
  socket.on('open', () => report(() => events.opened()))
  socket.on('message', (data: RawData, binary: boolean) => report(() => events.frame(data as Buffer, binary)))
  socket.on('ping', (payload: Buffer) => report(() => events.pinged(payload)))
  socket.on('error', (error) => (failure ??= describeConnectFailure(error, url)))
  socket.on('unexpected-response', (_request, response) => {
    failure = describeRefusal(response.statusCode ?? 0, url)
    retryAfterMs = readRetryAfterMs(response.headers['retry-after'])
    socket.terminate()
  })
  socket.on('close', (code, reason) =>
    report(() => {
      isOver = true
      events.lost(failure ?? describeClose(code, reason), retryAfterMs)
    }),
  )
  const isOpen = (): boolean => socket.readyState === WebSocket.OPEN
  return {
    pong: (payload) => {
      if (isOpen()) socket.pong(payload)
    },
    send: (text) => {
      if (isOpen()) socket.send(text)
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => {
      // A paused socket would never read the other side's goodbye.
      socket.resume()
      socket.close(1000)
    },
    drop: () => {
      isOver = true
      socket.terminate()
    },
  }
}

function readRetryAfterMs(seconds: string | undefined): number | undefined {
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1_000 : undefined
}

function describeClose(code: number, reason: Buffer): string {
  const text = reason.toString('utf8')
  if (code === 1006) return 'the connection broke off without a goodbye'
  return `the exchange closed the connection with code ${code}${text === '' ? '' : `, ${JSON.stringify(text)}`}`
}
