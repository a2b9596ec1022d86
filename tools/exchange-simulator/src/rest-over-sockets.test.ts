import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { connectClient } from './client-fixture.ts'
import { manualClock } from './manual-clock.ts'
import { FIXTURE_START_MS, fixtureTrades, recordingText, temporaryFile } from './recording-fixture.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function recording(): Promise<string> {
  const recorded = await temporaryFile(recordingText(fixtureTrades(40)))
  cleanUps.push(() => recorded[Symbol.asyncDispose]())
  return recorded.file
}

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    source: { kind: 'recording', file: await recording() },
    speed: 'max',
    ...options,
  })
  cleanUps.push(() => simulator.stop())
  return simulator
}

/** A client of all streams; resolves when it has got so many frames. */
async function read(url: string, count: number, options = {}): Promise<WebSocket> {
  const ws = new WebSocket(`${url}/stream?streams=btcusdt@trade/ethusdt@trade`, options)
  cleanUps.push(() => ws.terminate())
  let left = count
  await new Promise<void>((resolve) =>
    ws.on('message', () => {
      left -= 1
      if (left === 0) resolve()
    }),
  )
  return ws
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json()
}

describe('REST beside the streams', () => {
  it('knows what a replay has published, and nothing of what is to come', async () => {
    const clock = manualClock(0)
    const simulator = await start({ speed: 1, clock })
    const trades = () => json(`${simulator.httpUrl}/api/v3/historicalTrades?symbol=BTCUSDT&fromId=1000`)
    expect(await trades()).toEqual([])
    await read(simulator.url, 1)
    expect(await trades()).toMatchObject([{ id: 1000, price: '61837.63000000', time: FIXTURE_START_MS + 1000 }])
    const second = await read(simulator.url, 1)
    const more = once(second, 'message')
    clock.advance(20)
    await more
    expect(await simulator.truth()).toMatchObject({ symbols: { BTCUSDT: { count: 2, runs: [[1000, 1001]] } } })
    expect(await trades()).toMatchObject([{ id: 1000 }, { id: 1001 }])
  })

  it('fills what a reader of a shared replay has missed', async () => {
    const clock = manualClock(0)
    const source = { kind: 'recording', file: await recording(), join: 'present' } as const
    const simulator = await start({ source, speed: 1, clock })
    const connect = async () => {
      const client = connectClient(`${simulator.url}/ws/btcusdt@trade`)
      cleanUps.push(() => client.ws.terminate())
      await client.opened()
      return client
    }
    const passes = async (ms: number) => {
      for (let passedMs = 0; passedMs < ms; passedMs += 10) {
        clock.advance(10)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const ids = (texts: readonly string[]) => texts.map((text) => (JSON.parse(text) as { t: number }).t)
    const first = await connect()
    await first.take(1)
    await passes(100)
    const before = [1000, ...ids(await first.takeAll())]
    first.ws.close()
    await first.closed()
    await passes(100)
    const second = await connect()
    await passes(300)
    const after = ids(await second.takeAll())
    const missed = (after[0] ?? 0) - (before.at(-1) ?? 0) - 1
    expect(missed).toBeGreaterThan(0)
    const rows = (await json(
      `${simulator.httpUrl}/api/v3/historicalTrades?symbol=BTCUSDT&fromId=${(before.at(-1) ?? 0) + 1}&limit=${missed}`,
    )) as { id: number }[]
    const all = [...before, ...rows.map(({ id }) => id), ...after]
    expect(all).toEqual(Array.from({ length: 20 }, (_, index) => 1000 + index))
  })

  it('has the times of a recording that is shifted', async () => {
    const source = { kind: 'recording', file: await recording(), shift: 'now' } as const
    const simulator = await start({ source, clock: manualClock(1_900_000_000_000) })
    await read(simulator.url, 40)
    expect(await json(`${simulator.httpUrl}/api/v3/trades?symbol=BTCUSDT&limit=1`)).toMatchObject([
      { id: 1019, time: 1_900_000_000_380 },
    ])
  })

  it('is told in headers what it has used, and refused when it is too much', async () => {
    const simulator = await start({ weightPerMinute: 21 })
    const first = await fetch(`${simulator.httpUrl}/api/v3/exchangeInfo`)
    expect(first.headers.get('X-MBX-USED-WEIGHT-1M')).toBe('20')
    expect(first.headers.get('content-type')).toBe('application/json;charset=UTF-8')
    const second = await fetch(`${simulator.httpUrl}/api/v3/exchangeInfo`)
    expect(second.status).toBe(429)
    expect(Number(second.headers.get('Retry-After'))).toBeGreaterThan(0)
  })

  it('has the truth about a market', async () => {
    const source = { kind: 'synthetic', durationMs: 30_000, startMs: 1_800_000_000_000 } as const
    const simulator = await start({ source, symbols: ['BTCUSDT', 'ETHUSDT'] })
    await read(simulator.url, 200)
    await vi.waitFor(() => expect(simulator.status().done).toBe(true))
    const truth = (await json(`${simulator.httpUrl}/simulator/truth`)) as Awaited<ReturnType<Simulator['truth']>>
    const { trades } = simulator.status()
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      const { count, first_id, last_id } = trades[symbol] ?? {}
      expect(truth.symbols[symbol]).toEqual({ count, runs: [[first_id, last_id]] })
    }
  })
})

describe('TLS', () => {
  it('serves streams and REST beside the plain port to who trusts the certificate', async () => {
    const certificateFile = `${await recording()}.pem`
    const simulator = await start({ tls: { certificateFile } })
    const ca = await readFile(certificateFile, 'utf8')
    expect(simulator.tls?.certificate).toBe(ca)
    await read(simulator.tls?.url ?? '', 40, { ca })
    await read(simulator.url, 40)
    const [response] = (await once(get(`${simulator.tls?.httpUrl}/api/v3/time`, { ca }), 'response')) as [
      NodeJS.ReadableStream,
    ]
    expect(JSON.parse(await text(response))).toEqual({ serverTime: FIXTURE_START_MS + 1390 })
  })

  it('is refused by who does not', async () => {
    const simulator = await start({ tls: {} })
    const [error] = (await once(get(`${simulator.tls?.httpUrl}/api/v3/time`), 'error')) as [Error & { code: string }]
    expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  })

  it('names a taken port and the option that moves it, and frees the plain one', async () => {
    const first = await start()
    const failed = start({ tls: { port: first.port } })
    await expect(failed).rejects.toThrow(
      `port ${first.port} on 127.0.0.1 is taken by another program; --tls-port chooses`,
    )
  })
})
