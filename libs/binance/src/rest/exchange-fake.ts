import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the fake answers: `body` as JSON, or a text as it is. */
export interface FakeAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** An answer by path, such as `/api/v3/time`; `never` leaves the request without one. */
export type FakeRoute = FakeAnswer | 'never' | ((query: URLSearchParams, request: IncomingMessage) => FakeAnswer)

/** An HTTP server on loopback that answers as a test tells it, and remembers what it was asked. */
export class ExchangeFake {
  readonly routes: Record<string, FakeRoute> = {}
  /** Path and query of each request. */
  readonly asked: string[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://fake')
      this.asked.push(url.pathname + decodeURIComponent(url.search))
      const route = this.routes[url.pathname] ?? { status: 404, body: '<html>not found</html>' }
      if (route === 'never') return
      const {
        status = 200,
        headers = {},
        body,
      } = typeof route === 'function' ? route(url.searchParams, request) : route
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  }

  static async start(): Promise<ExchangeFake> {
    const fake = new ExchangeFake()
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async nextRequest(): Promise<void> {
    await once(this.#server, 'request')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
