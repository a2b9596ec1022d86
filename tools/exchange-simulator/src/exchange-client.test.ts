import { ExchangeRest, parseFrame, requireSymbols, restTradeHistory, type TradeHistory } from '@tidemark/binance'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { fixtureTrades, recordingText, temporaryFile } from './recording-fixture.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator, SimulatorOptions } from './simulator.ts'

// Our own client of the exchange and the simulator were written from the same sheet by different hands: here they meet.

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Two symbols with 1,500 trades each: more than a page. */
const perSymbol = 1_500
const firstId = 1_000
const lastId = firstId + perSymbol - 1

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const recorded = await temporaryFile(recordingText(fixtureTrades(2 * perSymbol)))
  cleanUps.push(() => recorded[Symbol.asyncDispose]())
  const simulator = await startSimulator({
    source: { kind: 'recording', file: recorded.file },
    speed: 'max',
    ...options,
  })
  cleanUps.push(() => simulator.stop())
  return simulator
}

/** Reads so many frames of streams. */
async function read({ url }: Simulator, streams: string, count: number): Promise<Buffer[]> {
  const ws = new WebSocket(`${url}/stream?streams=${streams}`)
  cleanUps.push(() => ws.terminate())
  const frames: Buffer[] = []
  await new Promise<void>((resolve) =>
    ws.on('message', (bytes: Buffer) => {
      if (frames.push(bytes) === count) resolve()
    }),
  )
  return frames
}

/** A client of an exchange that has published everything. */
async function exchange(options: Partial<SimulatorOptions> = {}): Promise<ExchangeRest> {
  const simulator = await start(options)
  await read(simulator, 'btcusdt@trade/ethusdt@trade', 2 * perSymbol)
  return new ExchangeRest({ url: simulator.httpUrl })
}

const silent = { warn: () => undefined }
const range = { symbol: 'BTCUSDT', fromId: firstId, limit: 400 }

async function allIds(history: TradeHistory): Promise<number[]> {
  const ids: number[] = []
  for (let fromId = 0; ;) {
    const { trades } = await history.trades({ ...range, fromId })
    if (trades.length === 0) return ids
    ids.push(...trades.map(({ trade_id }) => trade_id))
    fromId = trades.at(-1)!.trade_id + 1
  }
}

describe('the client of the exchange over REST, at the simulator', () => {
  it('reads every trade of the past, one by one, page by page', async () => {
    const history = restTradeHistory(await exchange(), silent)
    expect((await history.lastTradeIds(['BTCUSDT', 'NOPE'])).get('BTCUSDT')?.id).toBe(lastId)
    expect(await allIds(history)).toEqual(Array.from({ length: perSymbol }, (_, index) => firstId + index))
    expect(history.reach).toBe('any')
  })

  it('reads the newest 1,000 of a host without historicalTrades, and says from where on', async () => {
    const history = restTradeHistory(await exchange({ historicalTrades: false }), silent)
    await history.lastTradeIds(['BTCUSDT'])
    const page = await history.trades(range)
    expect(history.reach).toBe('last-1000')
    expect(page.completeFromId).toBe(lastId - 999)
    expect(page.trades[0]?.trade_id).toBe(lastId - 999)
  })

  it('reads aggregates and candles that hold every trade', async () => {
    const rest = await exchange()
    const aggregates = await rest.aggTrades({ symbol: 'BTCUSDT' })
    expect(aggregates.at(-1)?.lastTradeId).toBe(lastId)
    for (const [index, { firstTradeId }] of aggregates.slice(1).entries()) {
      expect(firstTradeId).toBe(aggregates[index]!.lastTradeId + 1)
    }
    const candles = await rest.klines({ symbol: 'BTCUSDT', interval: '1m' })
    expect(candles.reduce((sum, { tradeCount }) => sum + tradeCount, 0)).toBe(perSymbol)
    expect(candles[0]).toMatchObject({ open: 61837.63, interval: '1m' })
  })

  it('reads prices, the last 24 hours, the time to the microsecond, and the symbols', async () => {
    const rest = await exchange()
    await rest.ping()
    expect(await rest.prices()).toContainEqual({ symbol: 'ETHUSDT', price: 61837.63 })
    expect(await rest.prices(['ETHUSDT'])).toHaveLength(1)
    expect(await rest.dailyTickers(['BTCUSDT'])).toMatchObject([
      { symbol: 'BTCUSDT', firstTradeId: firstId, lastTradeId: lastId, tradeCount: perSymbol },
    ])
    expect((await rest.time()).resolutionMs).toBe(0.001)
    await expect(requireSymbols(rest, ['BTCUSDT', 'ETHUSD'], { logger: silent })).rejects.toThrow(
      'has no ETHUSD (did you mean ETHUSDT?)',
    )
    await expect(rest.prices(['NOPE'])).rejects.toMatchObject({ code: 'unknown-symbol', exchangeCode: -1121 })
  })

  it('keeps still when it is told to, and sends nothing before', async () => {
    const simulator = await start({ weightPerMinute: 60 })
    const rest = new ExchangeRest({ url: simulator.httpUrl })
    await rest.trades('BTCUSDT')
    await rest.trades('BTCUSDT')
    const refused = { code: 'rate-limited', retriable: true }
    await expect(rest.trades('BTCUSDT')).rejects.toMatchObject({ ...refused, status: 429 })
    await expect(rest.ping()).rejects.toMatchObject({ ...refused, status: undefined })
  })
})

describe('the parser of frames, at the simulator', () => {
  it.each(['MILLISECOND', 'MICROSECOND'])(
    'rejects none of any stream that it reads, in units of a %s',
    async (unit) => {
      const simulator = await startSimulator({
        source: { kind: 'synthetic', durationMs: 300_000, startMs: 1_723_161_254_000 },
        symbols: ['BTCUSDT'],
        speed: 'max',
      })
      cleanUps.push(() => simulator.stop())
      const streams = ['trade', 'aggTrade', 'kline_1m', 'bookTicker'].map((kind) => `btcusdt@${kind}`).join('/')
      const frames = await read(simulator, `${streams}&timeUnit=${unit}`, 5_000)
      const parsed = frames.map((bytes) => parseFrame(bytes, { binary: false, receivedAtMs: 0 }))
      expect(parsed.filter(({ kind }) => kind === 'rejected')).toEqual([])
      const kinds = new Set(parsed.map((frame) => (frame.kind === 'other-event' ? frame.event : frame.kind)))
      expect(kinds).toEqual(new Set(['trade', 'aggTrade', 'kline', 'bookTicker']))
      const times = parsed.flatMap((frame) => (frame.kind === 'trade' ? [frame.trade.trade_time_ms] : []))
      expect(Math.max(...times)).toBeLessThan(1_723_161_254_000 + 300_000)
      expect(Math.min(...times)).toBeGreaterThanOrEqual(1_723_161_254_000)
    },
  )
})
