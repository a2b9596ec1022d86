import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { SimulatorStatus } from './simulator-status.ts'

/** 1,024 streams in an address are more than the platform's default of 16 kB. */
const MAX_HEADER_BYTES = 128 * 1024

export interface HttpOptions {
  /** The exchange's time. */
  readonly nowMs: () => number
  readonly status: () => SimulatorStatus
}

/** The exchange's plain HTTP, as far as it is there, and the simulator's own status page. */
export function createHttpServer({ nowMs, status }: HttpOptions): FastifyInstance {
  const http = fastify({ http: { maxHeaderSize: MAX_HEADER_BYTES }, forceCloseConnections: true })
  http.get('/api/v3/ping', () => ({}))
  http.get('/api/v3/time', () => ({ serverTime: nowMs() }))
  http.get('/simulator/status', () => status())
  return http
}
