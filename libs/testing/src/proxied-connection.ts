import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  advertisedAddresses,
  isSupported,
  withAddresses,
  withSupportedVersions,
  type AdvertisedAddress,
  type BrokerAddress,
} from './advertised-addresses.ts'
import type { Fault, FaultRules } from './fault-rules.ts'
import { apiName, kafkaApis } from './kafka-apis.ts'
import { correlationIdOf, FrameSplitter, readRequestHeader, type Read, type RequestHeader } from './kafka-frames.ts'

/** What a connection asks of the proxy it belongs to. */
export interface ProxyPorts {
  readonly rules: FaultRules
  /** Where clients find this broker through the proxy. */
  addressFor(broker: BrokerAddress): Promise<Read<BrokerAddress>>
  /** Resolves after the time; may reject when the signal comes first. */
  wait(delayMs: number, signal: AbortSignal): Promise<unknown>
  onFrame(on: 'request' | 'response', api: string): void
  onFault(fault: Fault): void
  /** The connection is given up: what was wrong. */
  onRefused(issue: string): void
}

/**
 * One client's connection and the one to its broker: frames go through in order, one at a time in each direction, as fast
 * as the slower end takes them. When one end closes, the other gets what is under way, and is closed.
 */
export class ProxiedConnection {
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #broker: Socket
  readonly #ports: ProxyPorts
  readonly #ending = new AbortController()
  /** Requests at the broker, oldest first: it answers in this order, leaving out those that want no answer. */
  #underWay: RequestHeader[] = []

  constructor(client: Socket, address: BrokerAddress, ports: ProxyPorts) {
    this.#client = client
    this.#ports = ports
    this.#broker = connect({ host: address.host, port: address.port, noDelay: true })
    client.setNoDelay(true)
    const ended = (socket: Socket): Promise<void> =>
      new Promise((resolve) => {
        socket.on('error', () => this.close())
        socket.once('close', () => resolve())
      })
    const sockets = [ended(client), ended(this.#broker)]
    const pumps = [
      this.#pump(client, this.#broker, (frame) => this.#request(frame)),
      this.#pump(this.#broker, client, (frame) => this.#response(frame)),
    ]
    this.closed = Promise.all([...sockets, ...pumps]).then(() => undefined)
  }

  /** Cuts both ways. */
  close(): void {
    this.#ending.abort()
    this.#client.destroy()
    this.#broker.destroy()
  }

  async #pump(from: Socket, to: Socket, pass: (frame: Buffer) => Promise<Passed>): Promise<void> {
    const splitter = new FrameSplitter()
    let isSilent = false
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (isSilent) continue
        const frames = splitter.push(chunk)
        if (!frames.ok) {
          this.#refuse(frames.issue)
          return
        }
        for (const frame of frames.value) {
          const passed = await pass(frame)
          if (passed === 'end') return this.close()
          if (passed === 'silence') {
            isSilent = true
            break
          }
          if (passed !== 'drop') await this.#write(to, passed)
        }
      }
      to.end()
    } catch {
      // A lost connection, or a wait that was cut short: nothing more can arrive.
      this.close()
    }
  }

  async #request(frame: Buffer): Promise<Passed> {
    const header = readRequestHeader(frame)
    if (!header.ok) return this.#refuse(header.issue)
    const { apiKey, apiVersion, clientId } = header.value
    this.#ports.onFrame('request', apiName(apiKey))
    if (!isSupported(apiKey, apiVersion)) {
      return this.#refuse(
        `${apiName(apiKey)} v${apiVersion} of client ${clientId}: it names brokers in a form that can't be rewritten; clients that ask for ApiVersions first use an older one`,
      )
    }
    const passed = await this.#meetFault({ on: 'request', apiKey, clientId }, frame)
    if (passed === frame) this.#underWay.push(header.value)
    return passed
  }

  async #response(frame: Buffer): Promise<Passed> {
    const answered = this.#underWay.findIndex(({ correlationId }) => correlationId === correlationIdOf(frame))
    const request = this.#underWay[answered]
    if (request === undefined)
      return this.#refuse(`a response to no request (correlation id ${correlationIdOf(frame)})`)
    this.#underWay.splice(0, answered + 1)
    const { apiKey, clientId } = request
    this.#ports.onFrame('response', apiName(apiKey))
    const passed = await this.#meetFault({ on: 'response', apiKey, clientId }, frame)
    return passed === frame ? await this.#rewritten(request, frame) : passed
  }

  async #meetFault(
    seen: { on: 'request' | 'response'; apiKey: number; clientId: string | null },
    frame: Buffer,
  ): Promise<Passed> {
    const fault = this.#ports.rules.decide(seen)
    if (fault === undefined) return frame
    this.#ports.onFault(fault)
    if (fault.action === 'close') return 'end'
    if (typeof fault.action === 'string') return fault.action
    await this.#ports.wait(fault.action.delayMs, this.#ending.signal)
    return frame
  }

  async #rewritten(request: RequestHeader, frame: Buffer): Promise<Passed> {
    if (request.apiKey === kafkaApis.ApiVersions) {
      const versions = withSupportedVersions(request.apiVersion, frame)
      return versions.ok ? versions.value : this.#refuse(versions.issue)
    }
    const found = advertisedAddresses(request, frame)
    if (!found.ok) return this.#refuse(found.issue)
    if (found.value.length === 0) return frame
    const replaced: AdvertisedAddress[] = []
    for (const address of found.value) {
      const own = await this.#ports.addressFor(address)
      if (!own.ok) return this.#refuse(own.issue)
      replaced.push({ ...address, ...own.value })
    }
    return withAddresses(frame, replaced)
  }

  async #write(socket: Socket, frame: Buffer): Promise<void> {
    const size = Buffer.alloc(4)
    size.writeInt32BE(frame.length)
    socket.cork()
    socket.write(size)
    const hasRoom = socket.write(frame)
    socket.uncork()
    if (!hasRoom) await once(socket, 'drain', { signal: this.#ending.signal })
  }

  #refuse(issue: string): 'end' {
    this.#ports.onRefused(issue)
    this.close()
    return 'end'
  }
}

/** A frame to hand on, or that there is none. */
type Passed = Buffer | 'drop' | 'silence' | 'end'
