import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { connectTrades, type ConnectTradesOptions } from './connect-trades.ts'
import type { FeedItem } from './feed-buffer.ts'
import { accepts, frame, idOf, listen, portOf, shut, take } from './feed-fixture.ts'
import { rejectedOf, tradeOf } from './continuity/exchange-fixture.ts'
import { ManualFeedClock } from './manual-feed-clock.ts'
import { StateLog } from './state-log-fixture.ts'
import type { TradeFeed } from './trade-feed.ts'
import type { TradeHistory } from './trade-history.ts'

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
  const url = options.url ?? `ws://127.0.0.1:${portOf(server)}`
  const feed = connectTrades({ symbols: ['BTCUSDT', 'ETHUSDT'], clock, onState: states.add, ...options, url })
  feeds.push(feed)
  return feed
}

describe('a feed of trades', () => {
  it('asks for the combined stream of its symbols and gives trades and rejected frames in the order they came', async () => {
    const feed = feedOf()
    const { socket, path } = await accepted()
    expect(path).toBe('/stream?streams=btcusdt@trade/ethusdt@trade')
    socket.send(frame(1))
    socket.send('garbage')
    socket.send('{"result":null,"id":1}')
    socket.send(frame(2))
    socket.send(Buffer.from([1, 2]))
    socket.send('')
    const items = await take(feed[Symbol.asyncIterator](), 5)
    expect(items.map(idOf)).toEqual([1, 'not-json', 2, 'binary', 'empty'])
    expect(feed.counters).toMatchObject({ frames: 6, trades: 2, rejected: 3, replies: 1, connects: 1, reconnects: 0 })
  })

  it('outlives a frame that is not UTF-8, which a strict WebSocket would hang up on', async () => {
    const feed = feedOf()
    const { socket } = await accepted()
    socket.send(Buffer.from([0x7b, 0xff, 0x7d]), { binary: false })
    socket.send(frame(7))
    expect((await take(feed[Symbol.asyncIterator](), 2)).map(idOf)).toEqual(['not-json', 7])
  })

  it('outlives a frame of 2 MB, and gives it back whole as oversized', async () => {
    const feed = feedOf()
    const { socket } = await accepted()
    socket.send('x'.repeat(2_000_000))
    socket.send(frame(8))
    const [big, trade] = await take(feed[Symbol.asyncIterator](), 2)
    expect(big).toMatchObject({ kind: 'rejected', code: 'oversized' })
    expect(big?.kind === 'rejected' && big.bytes.length).toBe(2_000_000)
    expect(trade).toMatchObject({ kind: 'trade' })
  })

  it('answers a ping with the same bytes', async () => {
    feedOf()
    const { socket } = await accepted()
    socket.ping(Buffer.from('1723161254087'))
    const [payload] = (await once(socket, 'pong')) as [Buffer]
    expect(payload.toString()).toBe('1723161254087')
  })

  it('comes back after a cut, once its delay has passed, with the same streams', async () => {
    const feed = feedOf()
    const iterator = feed[Symbol.asyncIterator]()
    const first = await accepted()
    first.socket.send(frame(1))
    expect((await take(iterator, 1)).map(idOf)).toEqual([1])
    first.socket.terminate()
    const waiting = await states.until('waiting')
    expect(waiting).toMatchObject({ retryInMs: 5_000, reason: 'the connection broke off without a goodbye' })
    expect(feed.connected).toBe(false)
    clock.advance(4_999)
    expect(feed.state.phase).toBe('waiting')
    clock.advance(1)
    const second = await accepted()
    expect(second.path).toBe(first.path)
    second.socket.send(frame(2))
    expect((await take(iterator, 1)).map(idOf)).toEqual([2])
    expect(feed.counters).toMatchObject({ connects: 2, reconnects: 1 })
  })

  it('has a second connection at once when the exchange announces a shutdown: no id is missing, none comes twice', async () => {
    const feed = feedOf()
    const iterator = feed[Symbol.asyncIterator]()
    const first = await accepted()
    await states.until('connected')
    first.socket.send(frame(1))
    first.socket.send('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}')
    const second = await accepted()
    for (const id of [2, 3]) first.socket.send(frame(id))
    expect((await take(iterator, 3)).map(idOf)).toEqual([1, 2, 3])
    while (feed.counters.connects < 2) await new Promise(setImmediate)
    first.socket.close(1000)
    for (const id of [2, 3, 4]) second.socket.send(frame(id))
    expect((await take(iterator, 1)).map(idOf)).toEqual([4])
    expect(feed.connected).toBe(true)
    expect(feed.counters).toMatchObject({ other_events: 1, rejected: 0, duplicates: 2, reconnects: 1 })
  })

  it('with two connections takes what one of them loses from the other', async () => {
    const feed = feedOf({ connections: 2 })
    const iterator = feed[Symbol.asyncIterator]()
    const [first, second] = [await accepted(), await accepted()]
    while (feed.counters.connects < 2) await new Promise(setImmediate)
    first.socket.send(frame(1))
    expect((await take(iterator, 1)).map(idOf)).toEqual([1])
    first.socket.terminate()
    for (const id of [1, 2, 3]) second.socket.send(frame(id))
    expect((await take(iterator, 2)).map(idOf)).toEqual([2, 3])
  })

  it('asks the history for what a cut has lost, and hands it out in its place; what it can not take of it as rejected', async () => {
    const asked: number[] = []
    const history: TradeHistory = {
      reach: 'any',
      serverTimeMs: async () => 1_000,
      lastTradeIds: async () => new Map(),
      trades: async ({ fromId }) => {
        asked.push(fromId)
        const rejected = [rejectedOf(tradeOf('BTCUSDT', 3))]
        return { trades: [2, 4].map((id) => tradeOf('BTCUSDT', id)), rejected, completeFromId: fromId }
      },
    }
    const feed = feedOf({ history })
    const iterator = feed[Symbol.asyncIterator]()
    const first = await accepted()
    await states.until('connected')
    first.socket.send(frame(1))
    expect((await take(iterator, 1)).map(idOf)).toEqual([1])
    first.socket.terminate()
    await states.until('waiting')
    clock.advance(5_000)
    const second = await accepted()
    second.socket.send(frame(4))
    while (feed.counters.open_holes === 0) await new Promise(setImmediate)
    clock.advance(250)
    const items = await take(iterator, 6)
    expect(items.map(idOf)).toEqual(['gap', 2, 'lossy-decimal', 'gap', 'gap', 4])
    expect(items.flatMap((item) => (item.kind === 'gap' ? [`${item.gap.gap_id} ${item.gap.status}`] : []))).toEqual([
      'BTCUSDT:2 open',
      'BTCUSDT:2 filled',
      'BTCUSDT:3 given_up',
    ])
    expect(feed.counters.rejected).toBe(1)
    expect(asked).toEqual([2])
  })

  it.each([
    ['for a moment', 0],
    ['for longer than a hole may stay open', 600_000],
  ])(
    'reads on where nobody takes anything %s, drops what there is no room for, and asks for it later',
    async (_for, awayMs) => {
      const asked: number[] = []
      const history: TradeHistory = {
        reach: 'any',
        serverTimeMs: async () => 1_000,
        lastTradeIds: async () => new Map(),
        trades: async ({ fromId, limit }) => {
          asked.push(fromId)
          const trades = Array.from({ length: limit }, (_unused, index) => tradeOf('BTCUSDT', fromId + index))
          return { trades: trades.filter(({ trade_id }) => trade_id <= 40), rejected: [], completeFromId: fromId }
        },
      }
      const feed = feedOf({ maxBufferedFrames: 10, maxPauseMs: 1_000, silenceMs: 10 * 600_000, history })
      const { socket } = await accepted()
      await states.until('connected')
      for (let id = 1; id <= 10; id++) socket.send(frame(id))
      while (feed.counters.buffered < 10) await new Promise(setImmediate)
      for (let id = 11; id <= 40; id++) socket.send(frame(id))
      socket.ping()
      clock.advance(1_000)
      await once(socket, 'pong')
      expect(feed.counters.dropped).toBeGreaterThan(0)
      clock.advance(awayMs)
      const iterator = feed[Symbol.asyncIterator]()
      const ids: (number | string)[] = (await take(iterator, 10)).map(idOf)
      while (!ids.includes(40)) {
        clock.advance(250)
        ids.push(...(await take(iterator, 1)).map(idOf))
      }
      expect(ids.filter((id) => typeof id === 'number')).toEqual(
        Array.from({ length: 40 }, (_unused, index) => index + 1),
      )
      expect(asked.length).toBeGreaterThan(0)
    },
  )

  it('answers a ping behind what piles up in time, also where something is taken now and again, but too slowly', async () => {
    const feed = feedOf({ maxBufferedFrames: 10, maxPauseMs: 1_000 })
    const { socket } = await accepted()
    await states.until('connected')
    for (let id = 1; id <= 20_000; id++) socket.send(frame(id))
    socket.ping()
    const ponged = once(socket, 'pong')
    for (let waitedMs = 0; waitedMs < 1_200; waitedMs += 300) {
      feed.take()
      while (feed.counters.buffered < 10) await new Promise(setImmediate)
      clock.advance(300)
    }
    await ponged
    expect(feed.counters.dropped).toBeGreaterThan(0)
    // What was taken is not all that has piled up. Trades would wait behind what is missing now.
    feed.take()
    for (let sent = 0; sent < 10_000; sent++) socket.send('x'.repeat(100))
    socket.ping()
    await once(socket, 'pong')
    // Reading went on for as long as it had fallen behind: there is room for pauses again.
    clock.advance(1_200)
    feed.take()
    const { dropped } = feed.counters
    for (let sent = 0; sent < 10_000; sent++) socket.send('x'.repeat(100))
    while (feed.counters.buffered < 10) await new Promise(setImmediate)
    feed.take()
    while (feed.counters.buffered < 10) await new Promise(setImmediate)
    expect(feed.counters.dropped).toBe(dropped)
  })

  it('replaces a connection on which nothing came for the silent time, and keeps one that is pinged', async () => {
    const feed = feedOf({ silenceMs: 60_000 })
    const { socket } = await accepted()
    await states.until('connected')
    clock.advance(59_999)
    socket.ping()
    await once(socket, 'pong')
    clock.advance(59_999)
    expect(feed.connected).toBe(true)
    clock.advance(1)
    const waiting = await states.until('waiting')
    expect(waiting).toMatchObject({ reason: 'nothing came for 60 s, not even a ping: the connection is dead' })
    await once(socket, 'close')
  })

  it('replaces a connection that answers but brings nothing, though the exchange shows newer trades', async () => {
    const history: TradeHistory = {
      reach: 'any',
      serverTimeMs: async () => 1_000,
      lastTradeIds: async () => new Map([['BTCUSDT', { id: 2, timeMs: 1_000 }]]),
      trades: async ({ fromId }) => ({ trades: [tradeOf('BTCUSDT', 2)], rejected: [], completeFromId: fromId }),
    }
    const feed = feedOf({ history })
    const { socket } = await accepted()
    await states.until('connected')
    socket.send(frame(1))
    expect((await take(feed[Symbol.asyncIterator](), 1)).map(idOf)).toEqual([1])
    const waiting = states.until('waiting')
    while (feed.connected) {
      clock.advance(1_000)
      await new Promise(setImmediate)
    }
    expect(await waiting).toMatchObject({
      reason: 'it brought nothing of what the exchange shows over REST: the connection is deaf',
    })
    expect(clock.timeMs).toBeLessThan(1_000_000 + 65_000)
  })

  it('keeps trying where nothing listens, says so, and connects when something does', async () => {
    const port = portOf(server)
    await shut(server)
    const feed = feedOf({ url: `ws://127.0.0.1:${port}` })
    const refused = `nothing listens at 127.0.0.1:${port}: is it running, and is the address right?`
    expect(await states.until('waiting')).toMatchObject({ reason: refused, retryInMs: 5_000 })
    clock.advance(5_000)
    expect(await states.until('waiting')).toMatchObject({ reason: refused, retryInMs: 10_000 })
    server = await listen(port)
    clock.advance(10_000)
    await states.until('connected')
    expect(feed.connected).toBe(true)
  })

  it('says why when the handshake is refused with a status, and waits for as long as it is told', async () => {
    await shut(server)
    server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: (_info, refuse) => refuse(false, 429, 'Too Many Requests', { 'Retry-After': '90' }),
    })
    await once(server, 'listening')
    feedOf()
    expect(await states.until('waiting')).toMatchObject({
      reason: `127.0.0.1:${portOf(server)} refused the WebSocket with status 429: too many connections from this address (300 in 5 minutes are allowed)`,
      retryInMs: 90_000,
    })
  })

  it('stops reading while its consumer is behind, and loses nothing when it goes on', async () => {
    const count = 20_000
    const feed = feedOf({ maxBufferedFrames: 100 })
    const { socket } = await accepted()
    for (let id = 1; id <= count; id++) socket.send(frame(id))
    const ids: (number | string)[] = []
    let largestBatch = 0
    for await (const { items } of feed) {
      largestBatch = Math.max(largestBatch, items.length)
      ids.push(...items.map(idOf))
      if (ids.length >= count) break
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
    const framesOfOneRead = Math.ceil(65_536 / frame(count).length)
    expect(largestBatch).toBeLessThanOrEqual(100 + 2 * framesOfOneRead)
    expect(ids).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  })

  it('hands out what has arrived when it is stopped, and then ends', async () => {
    const feed = feedOf()
    const { socket } = await accepted()
    socket.send(frame(1))
    socket.send(frame(2))
    socket.ping()
    await once(socket, 'pong')
    const stopped = feed.stop()
    const items: FeedItem[] = []
    for await (const batch of feed) items.push(...batch.items)
    await stopped
    expect(items.map(idOf)).toEqual([1, 2])
    expect(feed.state.phase).toBe('stopped')
  })

  it('ends a consumer that is waiting when it is stopped, also between two attempts', async () => {
    const feed = feedOf()
    const { socket } = await accepted()
    socket.terminate()
    await states.until('waiting')
    const next = feed[Symbol.asyncIterator]().next()
    await feed.stop()
    expect(await next).toEqual({ value: undefined, done: true })
  })

  it('is stopped while it is still connecting', async () => {
    const silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const feed = feedOf({ url: `ws://127.0.0.1:${(silent.address() as AddressInfo).port}` })
    await once(silent, 'connection')
    await feed.stop()
    expect(feed.state.phase).toBe('stopped')
    await new Promise((resolve) => silent.close(resolve))
  })

  it('is stopped by a consumer that leaves its loop', async () => {
    const feed = feedOf()
    const { socket } = await accepted()
    socket.send(frame(1))
    for await (const batch of feed) {
      expect(batch.items.map(idOf)).toEqual([1])
      break
    }
    expect(feed.state.phase).toBe('stopped')
  })

  it('is iterated once', async () => {
    const feed = feedOf()
    void feed[Symbol.asyncIterator]().next()
    await expect(feed[Symbol.asyncIterator]().next()).rejects.toThrow('iterated once')
  })
})
