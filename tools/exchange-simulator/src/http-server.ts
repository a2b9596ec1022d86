import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Certificate } from './certificate.ts'
import type { RestApi, RestReply } from './rest/rest-api.ts'
import type { Truth } from './truth.ts'
import type { SimulatorStatus } from './simulator-status.ts'
import type { FrameSource } from './frame-source.ts'
import type { Clock } from './clock.ts'

/** 1,024 streams in an address are more than the platform's default of 16 kB. */
const MAX_HEADER_BYTES = 128 * 1024

const REST_ROOT = '/api/v3/'

export interface HttpOptions {
  readonly source: FrameSource
  readonly clock: Clock
  readonly restApi: RestApi
  readonly status: () => SimulatorStatus
  readonly truth: () => Promise<Truth>
}

/** The exchange's HTTP, and the simulator's own pages. */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const http = fastify({ http: { maxHeaderSize: MAX_HEADER_BYTES }, forceCloseConnections: true })
  http.get(`${REST_ROOT}*`, (request, reply) => answerRest(options, request, reply))
  http.get('/simulator/status', () => options.status())
  http.get('/simulator/truth', () => options.truth())
  return http
}

/** The same answers over TLS. */
export function createHttpsServer(http: FastifyInstance, { key, cert }: Certificate): TlsServer {
  return createTlsServer({ key, cert, maxHeaderSize: MAX_HEADER_BYTES }, (request, response) =>
    http.routing(request, response),
  )
}

async function answerRest(
  { clock, restApi, source }: HttpOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { pathname, searchParams } = new URL(request.url, 'http://simulator')
  const unit = request.headers['x-mbx-time-unit']
  const call = {
    name: pathname.slice(REST_ROOT.length),
    query: searchParams,
    timeUnit: Array.isArray(unit) ? unit[0] : unit,
    address: request.ip,
    clockMs: clock.nowMs(),
  }
  const { symbols } = source
  const market = { symbols, published: () => source.published(), nowMs: source.nowMs(), databaseLagMs: 0 }
  return sendReply(reply, await restApi.answer(call, market))
}

function sendReply(reply: FastifyReply, { status, headers, body }: RestReply): FastifyReply {
  return reply.code(status).headers(headers).type('application/json;charset=UTF-8').send(JSON.stringify(body))
}
