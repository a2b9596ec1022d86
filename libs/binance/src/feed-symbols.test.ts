import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { WebSocketServer } from 'ws'
import { connectTrades, type ConnectTradesOptions } from './connect-trades.ts'
import { accepts, frame, idOf, listen, portOf, shut, take } from './feed-fixture.ts'
import { ManualFeedClock } from './manual-feed-clock.ts'
import { maxMessages } from './outbox.ts'
import { StateLog } from './state-log-fixture.ts'
import { maxStreamsPerConnection } from './stream-url.ts'
import type { TradeFeed } from './trade-feed.ts'

let server: WebSocketServer
let clock: ManualFeedClock
let states: StateLog
const feeds: TradeFeed[] = []

beforeEach(async () => {
  server = await listen(0)
  clock = new ManualFeedClock()
  states = new StateLog()
})

afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.stop()
  await shut(server)
})

const accepted = () => accepts(server)

function feedOf(options: Partial<ConnectTradesOptions> = {}): TradeFeed {
  const url = `ws://127.0.0.1:${portOf(server)}`
  const feed = connectTrades({ symbols: ['BTCUSDT', 'ETHUSDT'], clock, onState: states.add, ...options, url })
  feeds.push(feed)
  return feed
}

const manySymbols = (count: number): string[] => Array.from({ length: count }, (_unused, index) => `S${index}`)

interface Served {
  readonly streams: string[]
  requests: number
  isOpen: boolean
}

/** Confirms every subscription, and remembers the streams of each connection. */
function serveStreams(): Served[] {
  const served: Served[] = []
  server.on('connection', (socket, request) => {
    const each: Served = {
      streams: String(request.url).replace('/stream?streams=', '').split('/'),
      requests: 0,
      isOpen: true,
    }
    served.push(each)
    socket.on('close', () => (each.isOpen = false))
    socket.on('message', (data: Buffer) => {
      const { params, id } = JSON.parse(data.toString()) as { params: string[]; id: number }
      each.requests++
      each.streams.push(...params)
      socket.send(JSON.stringify({ result: null, id }))
    })
  })
  return served
}

const sorted = (streams: readonly string[]): string[] => streams.toSorted()
const streamsOf = (symbols: readonly string[]): string[] =>
  sorted(symbols.map((symbol) => `${symbol.toLowerCase()}@trade`))

describe('the symbols of a feed', () => {
  it('subscribes to what does not fit into the address, and is connected once the exchange has confirmed it', async () => {
    const symbols = Array.from({ length: 450 }, (_unused, index) => `S${index}`)
    const feed = feedOf({ symbols })
    const { socket, path } = await accepted()
    expect(path.split('/')).toHaveLength(201)
    const requests: { params: string[]; id: number }[] = []
    socket.on('message', (data: Buffer) => requests.push(JSON.parse(data.toString())))
    while (requests.length < 2) await new Promise(setImmediate)
    expect(requests.map(({ params }) => params.length)).toEqual([200, 50])
    expect(feed.connected).toBe(false)
    socket.send(frame(1, 'S7'))
    expect((await take(feed[Symbol.asyncIterator](), 1)).map(idOf)).toEqual([1])
    for (const { id } of requests) socket.send(JSON.stringify({ result: null, id }))
    await states.until('connected')
  })

  it('follows other symbols without a break when it is told to', async () => {
    const feed = feedOf()
    const iterator = feed[Symbol.asyncIterator]()
    const first = await accepted()
    await states.until('connected')
    first.socket.send(frame(1))
    expect((await take(iterator, 1)).map(idOf)).toEqual([1])
    feed.setSymbols(['BTCUSDT', 'BNBUSDT'], new Map())
    const second = await accepted()
    expect(second.path).toBe('/stream?streams=btcusdt@trade/bnbusdt@trade')
    first.socket.send(frame(2))
    expect((await take(iterator, 1)).map(idOf)).toEqual([2])
    second.socket.send(frame(2, 'BNBUSDT'))
    second.socket.send(frame(3))
    expect((await take(iterator, 2)).map(idOf)).toEqual([2, 3])
  })

  it('takes up a symbol that was left out for a while where it was left off, though that was not taken yet', async () => {
    const feed = feedOf()
    const { socket } = await accepted()
    await states.until('connected')
    for (const id of [1, 2, 3]) socket.send(frame(id))
    while (feed.counters.trades < 3) await new Promise(setImmediate)
    feed.setSymbols(['ETHUSDT'], new Map())
    await accepted()
    feed.setSymbols(['BTCUSDT', 'ETHUSDT'], new Map([['BTCUSDT', { tradeId: 1, timeMs: 1_000 }]]))
    for (const id of [2, 3, 4]) socket.send(frame(id))
    expect((await take(feed[Symbol.asyncIterator](), 4)).map(idOf)).toEqual([1, 2, 3, 4])
  })

  it('connects to nothing where its symbols are changed after it was stopped', async () => {
    const feed = feedOf()
    await accepted()
    await feed.stop()
    feed.setSymbols(manySymbols(maxStreamsPerConnection + 1), new Map())
    const another = accepted()
    feedOf({ symbols: ['XRPUSDT'] })
    expect((await another).path).toBe('/stream?streams=xrpusdt@trade')
  })

  it.each([1, 2])(
    'that are more than one connection carries are on several, each stream once in each of %i copies, no connection above its limits',
    async (copies) => {
      const served = serveStreams()
      const symbols = manySymbols(1_100)
      const feed = feedOf({ symbols, connections: copies })
      await states.until('connected')
      while (feed.counters.connects < 2 * copies) await new Promise(setImmediate)
      const open = served.filter(({ isOpen }) => isOpen)
      expect(open.map(({ streams }) => streams.length).toSorted()).toEqual([
        ...Array<number>(copies).fill(maxStreamsPerConnection),
        ...Array<number>(copies).fill(1_100 - maxStreamsPerConnection),
      ])
      const everyCopy = Array.from({ length: copies }, () => symbols).flat()
      expect(sorted(open.flatMap(({ streams }) => streams))).toEqual(streamsOf(everyCopy))
      for (const { requests } of open) expect(requests).toBeLessThanOrEqual(maxMessages)
    },
  )

  it('that change where they are on several connections: only those connections are replaced whose streams change', async () => {
    const served = serveStreams()
    const symbols = manySymbols(1_100)
    const feed = feedOf({ symbols })
    await states.until('connected')
    const [first] = served.filter(({ streams }) => streams.includes('s0@trade'))
    const changed = [...symbols.slice(0, 1_050), 'NEW1', 'NEW2']
    feed.setSymbols(changed, new Map())
    while (feed.counters.connects < 3) await new Promise(setImmediate)
    clock.advance(5_000)
    while (served.filter(({ isOpen }) => isOpen).length > 2) await new Promise(setImmediate)
    const open = served.filter(({ isOpen }) => isOpen)
    expect(open).toContain(first)
    expect(sorted(open.flatMap(({ streams }) => streams))).toEqual(streamsOf(changed))
    feed.setSymbols(symbols.slice(1, 1_000), new Map())
    while (served.length < 4) await new Promise(setImmediate)
    while (feed.counters.connects < 4) await new Promise(setImmediate)
    clock.advance(5_000)
    while (served.filter(({ isOpen }) => isOpen).length > 1) await new Promise(setImmediate)
    const [last] = served.filter(({ isOpen }) => isOpen)
    expect(sorted(last?.streams ?? [])).toEqual(streamsOf(symbols.slice(1, 1_000)))
  })
})
