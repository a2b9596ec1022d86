import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { connectClient } from './client-fixture.ts'
import type { Client } from './client-fixture.ts'
import type { FaultScriptInput } from './faults/fault.ts'
import { randomFaultScript } from './faults/random-faults.ts'
import { manualClock } from './manual-clock.ts'
import type { ManualClock } from './manual-clock.ts'
import { fixtureTrades, recordingText, temporaryFile } from './recording-fixture.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'

const START_MS = 1_800_000_000_000
const SYMBOL = 'BTCUSDT'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface Rig {
  readonly simulator: Simulator
  readonly clock: ManualClock
  connect(): Promise<Client>
}

/** A market of one symbol, a hundred trades a second, by a clock that stands still. */
async function rig(faults: FaultScriptInput['faults'] = [], options: Partial<SimulatorOptions> = {}): Promise<Rig> {
  const clock = manualClock(START_MS)
  const source = { kind: 'synthetic', tradesPerSecond: 100 } as const
  const simulator = await startSimulator({ source, symbols: [SYMBOL], clock, faults: { faults }, ...options })
  cleanUps.push(() => simulator.stop())
  const connect = async () => {
    const client = connectClient(`${simulator.url}/stream?streams=btcusdt@trade`)
    cleanUps.push(() => client.ws.terminate())
    await client.opened()
    return client
  }
  return { simulator, clock, connect }
}

const idOf = (text: string) => Number(/"t":(\d+)/.exec(text)?.[1])
const timeOf = (text: string) => Number(/"T":(\d+)/.exec(text)?.[1])
const ascending = (ids: readonly number[]) => ids.toSorted((a, b) => a - b)

async function publishedIds(simulator: Simulator): Promise<number[]> {
  const { runs = [] } = (await simulator.truth()).symbols[SYMBOL] ?? {}
  return runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index))
}

async function restIds({ httpUrl }: Simulator): Promise<number[]> {
  const response = await fetch(`${httpUrl}/api/v3/historicalTrades?symbol=${SYMBOL}&fromId=1&limit=1000`)
  return ((await response.json()) as { id: number }[]).map(({ id }) => id)
}

describe('a fault of what is sent', () => {
  it('loses trades that REST still has', async () => {
    const { simulator, clock, connect } = await rig([{ atMs: 1000, do: 'lose', count: 50 }])
    const client = await connect()
    clock.advance(3000)
    const ids = (await client.takeAll()).map(idOf)
    const published = await publishedIds(simulator)
    expect(await restIds(simulator)).toEqual(published)
    expect(published).toHaveLength(ids.length + 50)
    const lost = published.filter((id) => !ids.includes(id))
    expect(lost).toEqual(Array.from({ length: 50 }, (_, index) => (lost[0] ?? 0) + index))
    expect(simulator.status().connections[0]).toMatchObject({ trades_sent: ids.length })
  })

  it('begins after the slice of its time, whatever the clock does between', async () => {
    const runs = [[3000], Array<number>(300).fill(10)].map(async (steps) => {
      const { clock, connect } = await rig([{ atMs: 1000, do: 'lose', count: 50 }])
      const client = await connect()
      for (const step of steps) clock.advance(step)
      const texts = await client.takeAll()
      const gap = texts.findIndex((text, index) => idOf(texts[index + 1] ?? '') > idOf(text) + 1)
      expect(timeOf(texts[gap] ?? '')).toBeLessThan(START_MS + 1010)
      expect(timeOf(texts[gap + 1] ?? '')).toBeGreaterThanOrEqual(START_MS + 1010)
      return texts
    })
    const [first, second] = await Promise.all(runs)
    expect(first).toEqual(second)
  })

  it('sends trades twice, or in another order, and none less', async () => {
    const faults = [
      { atMs: 500, do: 'duplicate', count: 20 },
      { atMs: 1500, do: 'reorder', count: 20 },
    ] as const
    const { simulator, clock, connect } = await rig(faults)
    const client = await connect()
    clock.advance(3000)
    const ids = (await client.takeAll()).map(idOf)
    const published = await publishedIds(simulator)
    expect(ids).toHaveLength(published.length + 20)
    expect(ascending([...new Set(ids)])).toEqual(published)
    expect(ids).not.toEqual(ascending(ids))
  })

  it('spoils frames', async () => {
    const { clock, connect } = await rig([{ atMs: 500, do: 'corrupt', count: 5 }])
    const client = await connect()
    clock.advance(2000)
    const texts = await client.takeAll()
    const good = texts.filter((text) =>
      /^\{"stream":"btcusdt@trade","data":\{"e":"trade",.*"t":\d+,"p":"\d+\.\d{8}"/.test(text),
    )
    expect(texts.length - good.length).toBe(5)
  })

  it('leaves ids out that nobody has', async () => {
    const { simulator, clock, connect } = await rig([{ atMs: 1000, do: 'skip-ids', count: 7 }])
    const client = await connect()
    clock.advance(3000)
    const ids = (await client.takeAll()).map(idOf)
    expect(ids).toEqual(await publishedIds(simulator))
    expect(ids).toEqual(await restIds(simulator))
    const { runs = [] } = (await simulator.truth()).symbols[SYMBOL] ?? {}
    expect(runs).toHaveLength(2)
    expect((runs[1]?.[0] ?? 0) - (runs[0]?.[1] ?? 0)).toBe(8)
  })
})

describe('a fault of a connection', () => {
  it('cuts one, and the market goes on', async () => {
    const { simulator, clock, connect } = await rig([{ atMs: 1000, do: 'cut', connections: 'oldest' }])
    const [first, second] = [await connect(), await connect()]
    clock.advance(3000)
    expect((await first.closed()).code).toBe(1006)
    expect((await second.takeAll()).map(idOf)).toEqual(await publishedIds(simulator))
  })

  it('closes it as at the end of its day, which may be short', async () => {
    const { clock, connect } = await rig([{ atMs: 1000, do: 'day-cut' }], { connectionLifeMs: 2000 })
    const first = await connect()
    clock.advance(1100)
    expect((await first.closed()).code).toBe(1001)
    const second = await connect()
    clock.advance(1999)
    await second.takeAll()
    clock.advance(1)
    expect((await second.closed()).code).toBe(1001)
  })

  it('announces the end of the server, and cuts after the lead', async () => {
    const { clock, connect } = await rig([{ atMs: 1000, do: 'server-shutdown', leadMs: 500 }])
    const client = await connect()
    clock.advance(1400)
    const events = (await client.takeAll()).filter((text) => text.includes('serverShutdown'))
    expect(events).toEqual([`{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":${START_MS + 1000}}}`])
    clock.advance(200)
    expect((await client.closed()).code).toBe(1006)
  })

  it('holds all back for a while, and sends it then', async () => {
    const { simulator, clock, connect } = await rig()
    const client = await connect()
    clock.advance(1000)
    const before = await client.takeAll()
    simulator.inject({ do: 'stall', forMs: 2000 })
    clock.advance(1500)
    const answer = client.takeAll()
    await (await connect()).takeAll()
    expect(client.received).toEqual([])
    clock.advance(500)
    const after = await answer
    expect([...before, ...after].map(idOf)).toEqual(
      (await publishedIds(simulator)).slice(0, before.length + after.length),
    )
    expect(after.length).toBeGreaterThan(50)
  })

  it('answers pings late', async () => {
    const { clock, simulator, connect } = await rig()
    const client = await connect()
    simulator.inject({ do: 'delay-pongs', forMs: 1000, delayMs: 300 })
    let pongs = 0
    client.ws.on('pong', () => (pongs += 1))
    client.ws.ping('late')
    await client.takeAll()
    clock.advance(290)
    await client.takeAll()
    expect(pongs).toBe(0)
    const pong = once(client.ws, 'pong')
    clock.advance(10)
    expect(String((await pong)[0])).toBe('late')
  })

  it('refuses to connect for a while', async () => {
    const { clock, simulator, connect } = await rig()
    simulator.inject({ do: 'refuse-connects', forMs: 1000 })
    const refused = connectClient(`${simulator.url}/ws`)
    const [error] = (await once(refused.ws, 'error')) as [Error]
    expect(error.message).toBe('Unexpected server response: 503')
    clock.advance(1000)
    await connect()
  })

  it('more than so many attempts to connect in five minutes are refused', async () => {
    const { clock, simulator, connect } = await rig([], { connectsPer5Minutes: 2 })
    await connect()
    await connect()
    const [error] = (await once(connectClient(`${simulator.url}/ws`).ws, 'error')) as [Error]
    expect(error.message).toBe('Unexpected server response: 429')
    clock.advance(300_000)
    await connect()
  })
})

describe('a fault of REST', () => {
  it('answers with an error, as the exchange words it', async () => {
    const { clock, simulator } = await rig()
    simulator.inject({ do: 'rest-error', forMs: 1000, status: 429, retryAfterS: 3 })
    const time = () => fetch(`${simulator.httpUrl}/api/v3/time`)
    const limited = await time()
    expect([limited.status, limited.headers.get('Retry-After')]).toEqual([429, '3'])
    expect(await limited.json()).toMatchObject({ code: -1003 })
    simulator.inject({ do: 'rest-error', forMs: 1000, status: 418, retryAfterS: 3 })
    expect(await (await time()).json()).toMatchObject({
      msg: expect.stringContaining(`IP banned until ${START_MS + 3000}.`),
    })
    simulator.inject({ do: 'rest-error', forMs: 1000, status: 503 })
    expect(await (await time()).json()).toMatchObject({ code: -1008 })
    clock.advance(1000)
    expect((await time()).status).toBe(200)
  })

  it('answers late', async () => {
    const { clock, simulator } = await rig()
    simulator.inject({ do: 'rest-slow', forMs: 1000, delayMs: 500 })
    const before = clock.pendingTimers
    const answer = fetch(`${simulator.httpUrl}/api/v3/ping`)
    while (clock.pendingTimers === before) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(500)
    expect((await answer).status).toBe(200)
  })

  it('does not answer at all', async () => {
    const { clock, simulator } = await rig()
    simulator.inject({ do: 'rest-down', forMs: 1000 })
    await expect(fetch(`${simulator.httpUrl}/api/v3/ping`)).rejects.toThrow('fetch failed')
    clock.advance(1000)
    expect((await fetch(`${simulator.httpUrl}/api/v3/ping`)).status).toBe(200)
  })

  it('is noted with the requests that met it: of two at a time only the one that was the answer', async () => {
    const { clock, simulator } = await rig()
    const ask = () => fetch(`${simulator.httpUrl}/api/v3/ping`)
    simulator.inject({ do: 'rest-error', forMs: 2000, status: 503 })
    await ask()
    await ask()
    simulator.inject({ do: 'rest-down', forMs: 1000 })
    await expect(ask()).rejects.toThrow('fetch failed')
    clock.advance(2000)
    await ask()
    simulator.inject({ do: 'refuse-connects', forMs: 1000 })
    await once(connectClient(`${simulator.url}/ws`).ws, 'error')
    simulator.inject({ do: 'rest-lag', forMs: 1000, lagMs: 100 })
    expect(simulator.faults().map(({ requests }) => requests)).toEqual([2, 1, 1, 0])
  })

  it('lets the database lag behind', async () => {
    const { clock, simulator, connect } = await rig()
    await connect()
    clock.advance(3000)
    simulator.inject({ do: 'rest-lag', forMs: 1000, lagMs: 2000 })
    const [behind, published] = [await restIds(simulator), await publishedIds(simulator)]
    expect(behind).toEqual(published.slice(0, behind.length))
    expect(behind.length).toBeLessThan(published.length / 2)
  })
})

describe('faults', () => {
  it('of the same script and seed do the same to the same readers, those of another seed something else', async () => {
    const kinds = ['lose', 'duplicate', 'reorder', 'corrupt', 'skip-ids'] as const
    const { faults } = randomFaultScript({ seed: 1, durationMs: 20_000, meanIntervalMs: 500, kinds })
    const runs = [1, 1, 2].map(async (seed) => {
      const { clock, simulator, connect } = await rig([], { faults: { seed, faults } })
      const readers = [await connect(), await connect()]
      clock.advance(20_000)
      const received = [await readers[0]?.takeAll(), await readers[1]?.takeAll()]
      const happened: unknown = await (await fetch(`${simulator.httpUrl}/simulator/faults`)).json()
      return { received, happened, truth: await simulator.truth() }
    })
    const [first, second, other] = await Promise.all(runs)
    expect(first).toEqual(second)
    expect(other?.truth).toEqual(first?.truth)
    expect(other?.received).not.toEqual(first?.received)
  })

  it('happen by the clock where the script says so, and are noted', async () => {
    const faults: FaultScriptInput = { time: 'elapsed', faults: [{ atMs: 1500, do: 'cut' }] }
    const { clock, simulator, connect } = await rig([], { faults, speed: 10 })
    const client = await connect()
    clock.advance(1499)
    await client.takeAll()
    clock.advance(1)
    expect((await client.closed()).code).toBe(1006)
    expect(await (await fetch(`${simulator.httpUrl}/simulator/faults`)).json()).toEqual([
      { fault: { do: 'cut', connections: 'all' }, at_ms: START_MS + 14_990, connections: [1], requests: 0 },
    ])
  })

  it('happen when they are sent, unless they make no sense', async () => {
    const { simulator, connect } = await rig()
    const client = await connect()
    const post = (fault: object) =>
      fetch(`${simulator.httpUrl}/simulator/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      })
    const refused = await post({ do: 'stall' })
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'fault: forMs: Invalid input: expected number, received undefined' },
    ])
    expect((await post({ do: 'cut' })).status).toBe(204)
    expect((await client.closed()).code).toBe(1006)
  })

  it('cannot leave ids out of a recording', async () => {
    await using recording = await temporaryFile(recordingText(fixtureTrades(2)))
    const source = { kind: 'recording', file: recording.file } as const
    const faults = [{ atMs: 0, do: 'skip-ids', count: 1 }] as const
    await expect(rig(faults, { source })).rejects.toThrow('faults: skip-ids needs a synthetic market')
  })
})
