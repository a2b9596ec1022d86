import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { ConfigError } from './config.ts'
import {
  healthRoutes,
  listenError,
  startHealthServer,
  type HealthServerOptions,
  type HealthStatus,
} from './health-server.ts'
import { createMetrics } from './metrics.ts'

function options(status: HealthStatus, holds = true): HealthServerOptions {
  return { port: 0, host: '127.0.0.1', health: () => ({ status, written: 7 }), live: () => holds, ready: () => holds }
}

it('answers /health with the report, 200 only where the status is ok', async () => {
  const ok = await healthRoutes(options('ok')).inject('/health')
  expect([ok.statusCode, ok.json()]).toEqual([200, { status: 'ok', written: 7 }])
  for (const status of ['starting', 'degraded', 'stopping', 'failed'] as const) {
    const answer = await healthRoutes(options(status)).inject('/health')
    expect([answer.statusCode, answer.json()]).toEqual([503, { status, written: 7 }])
  }
})

it('answers /livez and /readyz with 200 or 503', async () => {
  for (const [holds, code] of [
    [true, 200],
    [false, 503],
  ] as const) {
    const routes = healthRoutes(options('ok', holds))
    expect((await routes.inject('/livez')).statusCode).toBe(code)
    expect((await routes.inject('/readyz')).statusCode).toBe(code)
  }
})

it('serves the metrics of its own registry and of the process', async () => {
  const metrics = createMetrics()
  metrics.counter({ name: 'tidemark_points_written_total', help: 'Points.' }).inc(3)
  const answer = await healthRoutes({ ...options('ok'), metrics }).inject('/metrics')
  expect(answer.headers['content-type']).toContain('text/plain')
  expect(answer.body).toContain('tidemark_points_written_total 3')
  expect(answer.body).toContain('process_cpu_seconds_total')
})

it('has no /metrics without a registry', async () => {
  expect((await healthRoutes(options('ok')).inject('/metrics')).statusCode).toBe(404)
})

it('listens on any free port for port 0 and frees it when closed, also with a connection held open', async () => {
  const server = await startHealthServer(options('ok'))
  const answer = await fetch(`http://127.0.0.1:${server.port}/livez`)
  expect(answer.status).toBe(200)
  await server.close()
  await expect(fetch(`http://127.0.0.1:${server.port}/livez`)).rejects.toThrow()
})

it('names a taken port and the setting that moves it, in an error that a restart may mend', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const refused: unknown = await startHealthServer({ ...options('ok'), port }).catch((error: unknown) => error)
  other.close()
  expect(refused).not.toBeInstanceOf(ConfigError)
  expect(refused).toMatchObject({
    message: `can't serve health on 127.0.0.1 port ${port}: the port is taken by another process: stop it, or set HEALTH_PORT to a free port`,
    cause: { code: 'EADDRINUSE' },
  })
})

it.each([
  ['EACCES', true, 'HEALTH_PORT'],
  ['EADDRNOTAVAIL', true, 'HEALTH_HOST'],
  ['ENOTFOUND', true, 'HEALTH_HOST'],
  ['EAI_AGAIN', false, 'HEALTH_HOST'],
  ['EMFILE', false, 'HEALTH_HOST'],
])('%s: that it is the settings alone is %s, and host, port and setting are named', (code, isSetting, setting) => {
  const cause = Object.assign(new Error(`listen ${code}`), { code })
  const error = listenError(cause, 'here', 80)
  expect(error instanceof ConfigError).toBe(isSetting)
  expect(error.cause).toBe(isSetting ? undefined : cause)
  for (const part of ["can't serve health on here port 80", setting, `listen ${code}`])
    expect(error.message).toContain(part)
})
