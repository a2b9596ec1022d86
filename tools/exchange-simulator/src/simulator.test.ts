import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectClient } from './client-fixture.ts'
import type { Client } from './client-fixture.ts'
import { malformedFrames } from './malformed-frames.ts'
import { manualClock } from './manual-clock.ts'
import { FIXTURE_START_MS, fixtureFrame, fixtureTrades, recordingText, temporaryFile } from './recording-fixture.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'
import type { SimulatorStatus } from './simulator-status.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(options: Partial<SimulatorOptions> = {}, trades = fixtureTrades(40)): Promise<Simulator> {
  const recording = await temporaryFile(recordingText(trades))
  cleanUps.push(() => recording[Symbol.asyncDispose]())
  const simulator = await startSimulator({
    source: { kind: 'recording', file: recording.file },
    speed: 'max',
    ...options,
  })
  cleanUps.push(() => simulator.stop())
  return simulator
}

function connect(simulator: Simulator, address: string, options: { autoPong?: boolean } = {}): Client {
  const client = connectClient(simulator.url + address, options)
  cleanUps.push(() => client.ws.terminate())
  return client
}

async function statusOf(simulator: Simulator): Promise<SimulatorStatus> {
  return (await (await fetch(`${simulator.httpUrl}/simulator/status`)).json()) as SimulatorStatus
}

const both = '/stream?streams=btcusdt@trade/ethusdt@trade'
const all = fixtureTrades(40).map(fixtureFrame)
const ofBtc = all.filter((text) => text.includes('btcusdt@trade'))
const data = (text: string) => /"data":(.*)}$/.exec(text)?.[1]

describe('a replaying simulator', () => {
  it('sends a combined connection the frames of its streams, byte for byte', async () => {
    const simulator = await start()
    expect(await connect(simulator, both).take(40)).toEqual(all)
    expect(await connect(simulator, '/stream?streams=btcusdt@trade').take(20)).toEqual(ofBtc)
  })

  it('sends a raw connection the bare payloads', async () => {
    const simulator = await start()
    expect(await connect(simulator, '/ws/btcusdt@trade').take(20)).toEqual(ofBtc.map(data))
  })

  it('starts each connection at the first frame, and not before it subscribed to something there is', async () => {
    const simulator = await start()
    const client = connect(simulator, '/ws/0')
    await client.opened()
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 1 })
    expect(await client.take(1)).toEqual(['{"result":["0"],"id":1}'])
    expect(simulator.status().connections[0]).toMatchObject({ started: false, sent: 0 })
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: '8e3e44b1-5a3a-4f0e-9d0a-6a5d2f0c1b2d' })
    const [reply, ...frames] = await client.take(21)
    expect(reply).toBe('{"result":null,"id":"8e3e44b1-5a3a-4f0e-9d0a-6a5d2f0c1b2d"}')
    expect(frames).toEqual(ofBtc.map(data))
    expect(await connect(simulator, both).take(40)).toEqual(all)
  })

  it('wraps from the next frame on when combined is set, and stops what is unsubscribed', async () => {
    const clock = manualClock(0)
    const simulator = await start({ speed: 1, clock })
    const client = connect(simulator, '/ws/btcusdt@trade/ethusdt@trade')
    expect(await client.take(1)).toEqual([data(all[0] ?? '')])
    client.send({ method: 'SET_PROPERTY', params: ['combined', true], id: 1 })
    client.send({ method: 'UNSUBSCRIBE', params: ['ethusdt@trade'], id: 2 })
    expect(await client.take(2)).toEqual(['{"result":null,"id":1}', '{"result":null,"id":2}'])
    clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(10)
    expect(await client.take(1)).toEqual([all[2]])
  })

  it('says when all was sent, what the recording holds, and stays open after its end', async () => {
    const simulator = await start({ malformed: 'builtin' })
    const client = connect(simulator, both)
    await client.take(50)
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 1 })
    expect(await client.take(1)).toEqual(['{"result":["btcusdt@trade","ethusdt@trade"],"id":1}'])
    expect(await statusOf(simulator)).toEqual({
      source: 'recording',
      file: simulator.status().file,
      symbols: ['BTCUSDT', 'ETHUSDT'],
      frames_total: 40,
      malformed_total: 10,
      trades: {
        BTCUSDT: { count: 20, first_id: 1000, last_id: 1019 },
        ETHUSDT: { count: 20, first_id: 500_000, last_id: 500_019 },
      },
      trades_total: 40,
      connections: [
        {
          id: 1,
          streams: ['btcusdt@trade', 'ethusdt@trade'],
          sent: 50,
          trades_sent: 40,
          malformed_sent: 10,
          started: true,
          done: true,
        },
      ],
      connections_total: 1,
      done: true,
      malformed_sent: 10,
    })
  })

  it('mixes the ten malformed frames in and leaves no trade out, at the same places each time', async () => {
    const simulator = await start({ malformed: 'builtin' })
    const [first, second] = [connect(simulator, both), connect(simulator, both)]
    const received = await Promise.all(
      [first, second].map(async (client) => {
        while (client.received.length < 50) await once(client.ws, 'message')
        return [...client.received]
      }),
    )
    expect(received[0]).toEqual(received[1])
    const malformed = malformedFrames().map(({ bytes, binary = false }) => ({ text: bytes.toString(), binary }))
    const texts = new Set(malformed.map(({ text }) => text))
    expect(received[0]?.filter(({ text }) => texts.has(text))).toEqual(malformed)
    expect(received[0]?.filter(({ text }) => !texts.has(text)).map(({ text }) => text)).toEqual(all)
    expect(simulator.status().malformed_sent).toBe(20)
  })

  it('moves all times by one constant when shifted to now, the same for each connection', async () => {
    const clock = manualClock(1_900_000_000_000)
    const source = { kind: 'recording', file: '', shift: 'now' } as const
    const recording = await temporaryFile(recordingText(fixtureTrades(40)))
    cleanUps.push(() => recording[Symbol.asyncDispose]())
    const simulator = await start({ source: { ...source, file: recording.file }, clock })
    const moved = fixtureTrades(40).map((trade) => ({
      ...trade,
      receivedAtMs: trade.receivedAtMs + 1_900_000_000_000 - FIXTURE_START_MS - 1000,
    }))
    expect(await connect(simulator, both).take(40)).toEqual(moved.map(fixtureFrame))
    clock.advance(5_000)
    expect(await connect(simulator, both).take(40)).toEqual(moved.map(fixtureFrame))
    expect(all[0]).toContain(`"E":${FIXTURE_START_MS + 1000},`)
    expect(fixtureFrame(moved[0] ?? fixtureTrades(1)[0]!)).toContain('"E":1900000000000,')
  })

  it('writes microseconds for a connection that asks for them', async () => {
    const simulator = await start()
    const [first] = await connect(simulator, '/stream?streams=btcusdt@trade&timeUnit=MICROSECOND').take(20)
    expect(first).toBe(all[0]?.replaceAll(`${FIXTURE_START_MS + 1000}`, `${FIXTURE_START_MS + 1000}000`))
  })

  it('keeps to the symbols asked for', async () => {
    const simulator = await start({ symbols: ['ETHUSDT'] })
    expect(await connect(simulator, both).take(20)).toEqual(all.filter((text) => text.includes('ethusdt@trade')))
    expect(simulator.status()).toMatchObject({ frames_total: 20, symbols: ['ETHUSDT'] })
  })

  it('tells the time that the slowest replay has come to', async () => {
    const clock = manualClock(0)
    const simulator = await start({ speed: 1, clock })
    const time = async () =>
      ((await (await fetch(`${simulator.httpUrl}/api/v3/time`)).json()) as { serverTime: number }).serverTime
    const startMs = FIXTURE_START_MS + 1000
    expect(await time()).toBe(startMs)
    const first = connect(simulator, both)
    await first.take(1)
    clock.advance(10)
    await first.take(1)
    expect(await time()).toBe(startMs + 10)
    await connect(simulator, both).take(1)
    expect(await time()).toBe(startMs)
    expect(await (await fetch(`${simulator.httpUrl}/api/v3/ping`)).json()).toEqual({})
  })
})

describe('the rules of a connection', () => {
  it('a ping each twenty seconds, and a cut a minute after the first without a pong', async () => {
    const clock = manualClock(0)
    const log: string[] = []
    const simulator = await start({ clock, log: (message) => log.push(message) })
    const client = connect(simulator, '/ws', { autoPong: false })
    await client.opened()
    for (const atMs of [20_000, 40_000, 60_000]) {
      const pinged = once(client.ws, 'ping')
      clock.advance(20_000)
      expect((await pinged).toString()).toBe(`${atMs}`)
    }
    const closed = client.closed()
    clock.advance(20_000)
    expect((await closed).code).toBe(1006)
    expect(log).toEqual(['connection 1: cut, no pong in time'])
  })

  it('a client that answers lives on, also one that sends empty pongs besides', async () => {
    const clock = manualClock(0)
    const simulator = await start({ clock })
    const client = connect(simulator, '/ws')
    await client.opened()
    for (let round = 0; round < 10; round += 1) {
      const pinged = once(client.ws, 'ping')
      clock.advance(20_000)
      await pinged
      client.ws.pong()
      // The answer to a ping of our own shows that the pongs before it have arrived.
      const answered = once(client.ws, 'pong')
      client.ws.ping()
      await answered
    }
    expect(client.ws.readyState).toBe(client.ws.OPEN)
  })

  it('five messages a second; the sixth closes with 1008 Too many requests', async () => {
    const simulator = await start({ clock: manualClock(0) })
    const client = connect(simulator, '/ws')
    await client.opened()
    client.ws.ping()
    for (let id = 1; id <= 5; id += 1) client.send({ method: 'LIST_SUBSCRIPTIONS', id })
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Too many requests' })
    expect(client.received).toHaveLength(4)
  })

  it('errors in the shape that was chosen', async () => {
    const simulator = await start({ errorShape: 'flat' })
    const client = connect(simulator, '/stream')
    await client.opened()
    client.ws.send('hello')
    expect(await client.take(1)).toEqual(['{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}'])
  })

  it('1,024 streams in the address, and not one more', async () => {
    const simulator = await start()
    const names = Array.from({ length: 1024 }, (_, index) => `symbol${index}usdt@trade`)
    await connect(simulator, `/stream?streams=${names.join('/')}`).opened()
    const refused = connect(simulator, `/stream?streams=${[...names, 'more'].join('/')}`)
    const [error] = (await once(refused.ws, 'error')) as [Error]
    expect(error.message).toBe('Unexpected server response: 400')
  })

  it('no other path', async () => {
    const simulator = await start()
    const [error] = (await once(connect(simulator, '/other').ws, 'error')) as [Error]
    expect(error.message).toBe('Unexpected server response: 404')
  })
})

describe('starting and stopping', () => {
  it('names a taken port and the option that moves it', async () => {
    const first = await start()
    await expect(start({ port: first.port })).rejects.toMatchObject({
      code: 'port-taken',
      message: `exchange simulator: port ${first.port} on 127.0.0.1 is taken by another program; --port chooses another`,
    })
  })

  it.each([
    [{ speed: 0 }, 'speed 0'],
    [{ speed: NaN }, 'speed NaN'],
    [{ seed: 1.5 }, 'seed 1.5'],
    [{ symbols: ['btcusdt'] }, 'symbol "btcusdt"'],
    [{ symbols: [] }, 'the list of symbols is empty'],
    [{ source: { kind: 'synthetic', tradesPerSecond: 0 } }, 'rate 0'],
    [{ source: { kind: 'synthetic', durationMs: -1 } }, 'duration -1 ms'],
    [{ source: { kind: 'synthetic', startMs: 0.5 } }, 'start 0.5'],
  ] as [Partial<SimulatorOptions>, string][])('refuses %o', async (options, issue) => {
    await expect(start(options)).rejects.toThrow(`exchange simulator: ${issue}`)
  })

  it('cuts its connections when it stops, and frees the port', async () => {
    const simulator = await start()
    const client = connect(simulator, both)
    await client.take(40)
    const closed = client.closed()
    await simulator.stop()
    await closed
    expect((await start({ port: simulator.port })).port).toBe(simulator.port)
  })

  it('serves a synthetic market', async () => {
    const simulator = await start({
      source: { kind: 'synthetic', durationMs: 30_000, startMs: 1_800_000_000_000 },
      symbols: ['BTCUSDT'],
    })
    const client = connect(simulator, '/ws/btcusdt@trade')
    const [first] = await client.take(200)
    expect(JSON.parse(first ?? '')).toMatchObject({ e: 'trade', s: 'BTCUSDT', t: 1_800_000_000_000_001 })
  })
})

const realRecording = path.resolve(import.meta.dirname, '../../../../shared/data/spot-20240808-btc-eth.trades.gz')

describe.skipIf(!existsSync(realRecording))('the real recording', () => {
  it('reaches a reader whole: 34,419 trades, contiguous ids for both symbols, ten malformed frames', async () => {
    const simulator = await start({ source: { kind: 'recording', file: realRecording }, malformed: 'builtin' })
    const ids: Record<string, number[]> = { BTCUSDT: [], ETHUSDT: [] }
    const client = connect(simulator, both)
    for (const text of await client.take(34_429)) {
      const [, symbol, id] = /"s":"(\w+)","t":(\d+),/.exec(text) ?? []
      if (symbol !== undefined && Number(id) < 9e15) ids[symbol]?.push(Number(id))
    }
    // The reader may have the last frame before the simulator has heard that it left.
    await vi.waitFor(() => {
      expect(simulator.status()).toMatchObject({ frames_total: 34_419, trades_total: 34_419, done: true })
    })
    for (const [symbol, first, count] of [
      ['BTCUSDT', 3735683259, 19_904],
      ['ETHUSDT', 1520538925, 14_515],
    ] as const) {
      expect(simulator.status().trades[symbol]).toEqual({ count, first_id: first, last_id: first + count - 1 })
      expect(ids[symbol]).toEqual(Array.from({ length: count }, (_, index) => first + index))
    }
  })
})
