import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { probeExchange } from './probe-exchange.ts'

describe('asking whether the exchange can be reached', () => {
  it('is answered yes by a server that takes WebSockets, and leaves no connection behind', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const gone = once(server, 'connection').then(([socket]) => once(socket as WebSocketServer, 'close'))
    const { port } = server.address() as AddressInfo
    expect(await probeExchange(`ws://127.0.0.1:${port}`, 60_000)).toEqual({ ok: true })
    await gone
    await new Promise((resolve) => server.close(resolve))
  })

  it('is answered no, with the reason, where nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const answer = await probeExchange(`ws://127.0.0.1:${port}`, 60_000)
    expect(answer).toEqual({
      ok: false,
      reason: `nothing listens at 127.0.0.1:${port}: is it running, and is the address right?`,
    })
  })

  it('is answered no in time by a server that takes the connection and says nothing', async () => {
    const timers: (() => void)[] = []
    const clock = { setTimer: (_delayMs: number, call: () => void) => (timers.push(call), () => undefined) }
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const answer = probeExchange(`ws://127.0.0.1:${port}`, 60_000, clock)
    await once(server, 'connection')
    for (const call of timers) call()
    expect(await answer).toEqual({
      ok: false,
      reason: `127.0.0.1:${port} did not answer within 60 s`,
    })
    await new Promise((resolve) => server.close(resolve))
  })
})
