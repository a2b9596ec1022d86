import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { AnswerBuffer } from './answer-buffer.ts'

const KEEP_ALIVE_MS = 60_000

/** As kafkajs asks for them. */
export interface SocketRequest {
  readonly host: string
  readonly port: number
  readonly ssl: boolean | ConnectionOptions | null | undefined
  onConnect(): void
}

/** Makes sockets that send at once, and give out whole answers only. */
export function brokerSocket({ host, port, ssl, onConnect }: SocketRequest): Socket {
  const answers = new AnswerBuffer()
  const onread: OnReadOpts = {
    buffer: () => answers.room(),
    callback: (bytes) => {
      try {
        const whole = answers.arrived(bytes)
        if (whole !== undefined) socket.emit('data', whole)
      } catch (error) {
        socket.destroy(error as Error)
      }
      return true
    },
  }
  const address = { host, port, onread, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }
  const socket: Socket =
    ssl === undefined || ssl === null || ssl === false
      ? connect(address, onConnect)
      : connectTls(
          { ...(isIP(host) === 0 ? { servername: host } : {}), ...(ssl === true ? {} : ssl), ...address },
          onConnect,
        )
  return socket
}
