import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { makeCertificate, writeCertificate } from './certificate.ts'
import { createHttpsServer } from './http-server.ts'
import { SimulatorError } from './simulator-error.ts'

export interface TlsOptions {
  /** Default 0: a free one. */
  readonly port?: number
  /** Where the certificate is written, for clients to trust. */
  readonly certificateFile?: string
}

/** The addresses that speak TLS, and whom to trust there. */
export interface TlsAddress {
  readonly url: string
  readonly httpUrl: string
  readonly port: number
  /** The certificate, in PEM. */
  readonly certificate: string
}

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** The ports that the simulator is reached by: one plain, and one that speaks TLS where it was asked for. */
export class Doors {
  readonly #http: FastifyInstance
  readonly #host: string
  readonly #upgrade: Upgrade
  #tls: TlsServer | undefined

  constructor(http: FastifyInstance, host: string, upgrade: Upgrade) {
    this.#http = http
    this.#host = host
    this.#upgrade = upgrade
  }

  /** Returns the port. */
  async openPlain(port: number): Promise<number> {
    await this.#http.listen({ host: this.#host, port }).catch((error: unknown) => this.#fail(error, port, '--port'))
    return portOf(this.#http.server)
  }

  async openTls({ port = 0, certificateFile }: TlsOptions): Promise<TlsAddress> {
    const certificate = await makeCertificate(this.#host)
    if (certificateFile !== undefined) await writeCertificate(certificate, certificateFile)
    const server = createHttpsServer(this.#http, certificate)
    server.on('upgrade', this.#upgrade)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(port, this.#host, resolve)
    await promise.catch((error: unknown) => this.#fail(error, port, '--tls-port'))
    this.#tls = server
    const actualPort = portOf(server)
    return { ...addresses(this.#host, actualPort, 's'), port: actualPort, certificate: certificate.cert }
  }

  async close(): Promise<void> {
    this.#tls?.close()
    this.#tls?.closeAllConnections()
    await this.#http.close()
  }

  #fail(error: unknown, port: number, option: string): never {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const message = `exchange simulator: port ${port} on ${this.#host} is taken by another program; ${option} chooses another`
    throw new SimulatorError('port-taken', message, { cause: error })
  }
}

/** The bases of addresses, plain or with an `s` for TLS. */
export function addresses(host: string, port: number, secure: '' | 's'): { url: string; httpUrl: string } {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return { url: `ws${secure}://${authority}`, httpUrl: `http${secure}://${authority}` }
}

function portOf(server: Server | TlsServer): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('a server that listens has an address')
  return address.port
}
