import fastify, { type FastifyInstance } from 'fastify'
import { ConfigError } from './config.ts'
import type { Metrics } from './metrics.ts'

/** `ok`: it does its work. `starting`, `degraded` (it waits for something outside), `stopping` and `failed`: it does not. */
export type HealthStatus = 'ok' | 'starting' | 'degraded' | 'stopping' | 'failed'

/** What `/health` answers; figures of the process may stand beside the status. */
export interface HealthReport {
  readonly status: HealthStatus
  readonly [figure: string]: unknown
}

/** How a process is, asked anew for every request. */
export interface HealthSource {
  health(): HealthReport
  /** False asks the orchestrator for a restart: only where a restart helps. */
  live(): boolean
  /** False keeps the process out of rotation, as while it starts or waits for something outside. */
  ready(): boolean
}

export interface HealthServerOptions extends HealthSource {
  /** 0: any free port, told by the result. */
  readonly port: number
  /** Default: every IPv4 address, as probes come from outside of a container. */
  readonly host?: string
  readonly metrics?: Metrics
}

export interface HealthServer {
  readonly port: number
  /** Ends open connections too, so that a client which keeps one can't hold up a shutdown. */
  close(): Promise<void>
}

/**
 * Serves `/health` (JSON; 200 where the status is `ok`, else 503), `/livez` and `/readyz` (200 or 503) and `/metrics`
 * (Prometheus text). Where it can't listen, rejects with an error that names host, port and the setting: a `ConfigError` where no restart helps.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = healthRoutes(options)
  const { port, host = '0.0.0.0' } = options
  try {
    await server.listen({ port, host })
  } catch (error) {
    await server.close()
    throw listenError(error, host, port)
  }
  const address = server.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => server.close(),
  }
}

/** The routes, not listening yet. */
export function healthRoutes({ health, live, ready, metrics }: HealthServerOptions): FastifyInstance {
  const server = fastify({ forceCloseConnections: true })
  server.get('/health', (_request, reply) => {
    const report = health()
    return reply.code(report.status === 'ok' ? 200 : 503).send(report)
  })
  server.get('/livez', (_request, reply) => sendState(reply, live(), 'live'))
  server.get('/readyz', (_request, reply) => sendState(reply, ready(), 'ready'))
  if (metrics !== undefined) {
    const { registry } = metrics
    server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  }
  return server
}

function sendState(
  reply: { code(status: number): { send(text: string): unknown } },
  holds: boolean,
  word: string,
): unknown {
  return reply.code(holds ? 200 : 503).send(holds ? word : `not ${word}`)
}

/** Of the system's error: a port that is taken is free once the instance before has stopped, and a name server may answer again. */
export function listenError(cause: unknown, host: string, port: number): Error {
  const { code } = cause as { code?: unknown }
  const what = `can't serve health on ${host} port ${port}`
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (code === 'EACCES') {
    const advice = 'this process has no right to it: set HEALTH_PORT to 1024 or above'
    return new ConfigError([`${what}: ${advice} (${reason})`])
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new ConfigError([`${what}: HEALTH_HOST is no address of this machine (${reason})`])
  if (code === 'EADDRINUSE') {
    const advice = 'the port is taken by another process: stop it, or set HEALTH_PORT to a free port'
    return new Error(`${what}: ${advice}`, { cause })
  }
  return new Error(`${what} (HEALTH_HOST, HEALTH_PORT): ${reason}`, { cause })
}
