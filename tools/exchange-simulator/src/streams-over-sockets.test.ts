import { afterEach, describe, expect, it } from 'vitest'
import { connectClient } from './client-fixture.ts'
import { manualClock } from './manual-clock.ts'
import { fixtureTrades, recordingText, temporaryFile } from './recording-fixture.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'

const START_MS = 1_800_000_000_000

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(options: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options)
  cleanUps.push(() => simulator.stop())
  return simulator
}

async function connect({ url }: Simulator, address: string) {
  const client = connectClient(url + address)
  cleanUps.push(() => client.ws.terminate())
  await client.opened()
  return client
}

const events = (texts: readonly string[], stream: string) =>
  texts
    .map((text) => JSON.parse(text) as { stream: string; data: Record<string, never> })
    .filter((event) => event.stream === stream)
    .map(({ data }) => data)

describe('streams that are made of trades', () => {
  it('say the same as the trades and as REST', async () => {
    const clock = manualClock(START_MS)
    const source = { kind: 'synthetic', durationMs: 130_000 } as const
    const simulator = await start({ source, symbols: ['BTCUSDT', 'ETHUSDT'], clock, pingIntervalMs: 1e9 })
    const names = ['trade', 'aggTrade', 'kline_1m', 'kline_1s', 'bookTicker'].map((kind) => `btcusdt@${kind}`)
    const client = await connect(simulator, `/stream?streams=${names.join('/')}`)
    clock.advance(140_000)
    const texts = await client.takeAll()
    const rest = async (call: string) =>
      (await fetch(`${simulator.httpUrl}/api/v3/${call}`)).json() as Promise<unknown[]>

    const trades = events(texts, 'btcusdt@trade')
    const aggregates = events(texts, 'btcusdt@aggTrade')
    expect(aggregates[0]).toMatchObject({ f: trades[0]?.['t'] })
    expect(aggregates.at(-1)).toMatchObject({ l: trades.at(-1)?.['t'] })
    for (const [index, { a, f }] of aggregates.slice(1).entries()) {
      const before = aggregates[index]
      expect([a, f]).toEqual([Number(before?.['a']) + 1, Number(before?.['l']) + 1])
    }
    const rows = await rest(`aggTrades?symbol=BTCUSDT&fromId=${String(aggregates[0]?.['a'])}&limit=1000`)
    expect(aggregates.slice(0, 1000).map(({ e: _e, E: _E, s: _s, ...row }) => row)).toEqual(rows)

    const closed = events(texts, 'btcusdt@kline_1m').flatMap(({ k }: { k?: Record<string, unknown> }) =>
      k?.['x'] ? [k] : [],
    )
    const candles = (await rest('klines?symbol=BTCUSDT&interval=1m')) as unknown[][]
    expect(closed).toHaveLength(2)
    expect(
      closed.map((k) => ['t', 'o', 'h', 'l', 'c', 'v', 'T', 'q', 'n', 'V', 'Q', 'B'].map((key) => k[key])),
    ).toEqual(candles.slice(0, 2))
    expect(events(texts, 'btcusdt@bookTicker').at(-1)).toMatchObject({ u: trades.at(-1)?.['t'] })
    expect(simulator.status().frames_total).toBe(simulator.status().trades_total)
  })

  it('have their times in microseconds where that is asked for', async () => {
    const clock = manualClock(START_MS)
    const simulator = await start({ source: { kind: 'synthetic' }, symbols: ['BTCUSDT'], clock })
    const client = await connect(simulator, '/stream?streams=btcusdt@kline_1s&timeUnit=MICROSECOND')
    clock.advance(1500)
    const [first] = events(await client.takeAll(), 'btcusdt@kline_1s')
    expect(first).toMatchObject({ k: { t: START_MS * 1000, T: START_MS * 1000 + 999_999 } })
  })

  it('are made of a recording too, for each replay from its beginning', async () => {
    const recording = await temporaryFile(recordingText(fixtureTrades(40)))
    cleanUps.push(() => recording[Symbol.asyncDispose]())
    const simulator = await start({ source: { kind: 'recording', file: recording.file }, speed: 'max' })
    for (let replay = 0; replay < 2; replay += 1) {
      const client = await connect(simulator, '/stream?streams=btcusdt@aggTrade/ethusdt@kline_1s')
      const texts = await client.take(21)
      const aggregates = events(texts, 'btcusdt@aggTrade')
      expect(aggregates.map(({ f, l }) => [f, l])).toEqual(Array.from({ length: 20 }, (_, i) => [1000 + i, 1000 + i]))
      expect(events(texts, 'ethusdt@kline_1s').at(-1)).toMatchObject({ k: { n: 20, x: false } })
    }
  })
})
