import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { BrokerAddress } from './advertised-addresses.ts'
import { framed } from './kafka-bytes-fixture.ts'
import { FrameSplitter } from './kafka-frames.ts'

/** Frames as they arrive, for a test to wait for. */
class Arrivals {
  readonly frames: Buffer[] = []
  readonly #splitter = new FrameSplitter()
  #wake = Promise.withResolvers<void>()

  push(chunk: Buffer): Buffer[] {
    const pushed = this.#splitter.push(chunk)
    if (!pushed.ok) throw new Error(pushed.issue)
    this.frames.push(...pushed.value)
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
    return pushed.value
  }

  async untilFrames(count: number): Promise<Buffer[]> {
    while (this.frames.length < count) await this.#wake.promise
    return this.frames
  }
}

/** A broker that answers each request with what a test says, or not at all. Close it when the test ends. */
export async function loopbackBroker(answer: (request: Buffer) => Buffer | undefined) {
  const asked = new Arrivals()
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => server.emit('hung-up'))
    socket.on('data', (chunk) => {
      for (const request of asked.push(chunk)) {
        const response = answer(request)
        if (response !== undefined) socket.write(framed(response))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const address: BrokerAddress = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  return {
    address,
    asked,
    close,
    hangUp: (): void => sockets.forEach((socket) => socket.destroy()),
    nextHungUp: () => once(server, 'hung-up'),
  }
}

/** A client that writes frames and keeps what comes back. Close it when the test ends. */
export async function loopbackClient({ host, port }: BrokerAddress) {
  const socket = connect({ host, port })
  const answers = new Arrivals()
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => answers.push(chunk))
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  return {
    send: (...frames: readonly Buffer[]): void => void socket.write(Buffer.concat(frames.map(framed))),
    sendRaw: (bytes: Buffer): void => void socket.write(bytes),
    hangUp: (): void => void socket.end(),
    close: (): void => void socket.destroy(),
    answers,
    closed,
  }
}
