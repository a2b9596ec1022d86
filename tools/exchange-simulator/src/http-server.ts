import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Certificate } from './certificate.ts'
import { pause } from './clock.ts'
import type { Clock } from './clock.ts'
import type { FaultInjector } from './faults/fault-injector.ts'
import type { FrameSource } from './frame-source.ts'
import { faultReply } from './rest/rest-api.ts'
import type { RestApi, RestReply } from './rest/rest-api.ts'
import { SimulatorError } from './simulator-error.ts'
import type { SimulatorStatus } from './simulator-status.ts'
import type { Truth } from './truth.ts'

/** 1,024 streams in an address are more than the platform's default of 16 kB. */
const MAX_HEADER_BYTES = 128 * 1024

const REST_ROOT = '/api/v3/'

export interface HttpOptions {
  readonly source: FrameSource
  readonly clock: Clock
  readonly restApi: RestApi
  readonly faults: FaultInjector
  /** Makes a fault happen; throws a `SimulatorError` for what is none. */
  readonly inject: (fault: unknown) => void
  readonly status: () => SimulatorStatus
  readonly truth: () => Promise<Truth>
}

/** The exchange's HTTP, and the simulator's own pages. */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const http = fastify({ http: { maxHeaderSize: MAX_HEADER_BYTES }, forceCloseConnections: true })
  http.get(`${REST_ROOT}*`, (request, reply) => answerRest(options, request, reply))
  http.get('/simulator/status', () => options.status())
  http.get('/simulator/truth', () => options.truth())
  http.get('/simulator/faults', () => options.faults.journal)
  http.post('/simulator/faults', (request, reply) => {
    try {
      options.inject(request.body)
      return reply.code(204).send()
    } catch (error) {
      if (!(error instanceof SimulatorError)) throw error
      return reply.code(400).send({ error: error.message })
    }
  })
  return http
}

/** The same answers over TLS. */
export function createHttpsServer(http: FastifyInstance, { key, cert }: Certificate): TlsServer {
  return createTlsServer({ key, cert, maxHeaderSize: MAX_HEADER_BYTES }, (request, response) =>
    http.routing(request, response),
  )
}

async function answerRest(
  { clock, faults, restApi, source }: HttpOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const condition = faults.rest()
  if (condition.delayMs > 0) await pause(clock, condition.delayMs, new AbortController().signal)
  if (condition.isDown) {
    reply.hijack()
    request.raw.socket.destroy()
    return reply
  }
  if (condition.error !== undefined) return sendReply(reply, faultReply(condition.error, clock.nowMs()))
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
  const market = { symbols, published: () => source.published(), nowMs: source.nowMs(), databaseLagMs: condition.lagMs }
  return sendReply(reply, await restApi.answer(call, market))
}

function sendReply(reply: FastifyReply, { status, headers, body }: RestReply): FastifyReply {
  return reply.code(status).headers(headers).type('application/json;charset=UTF-8').send(JSON.stringify(body))
}
