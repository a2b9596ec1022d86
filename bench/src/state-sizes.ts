import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { marketMetrics, SymbolFlow, WindowJudge, type SymbolFlowOptions } from '@tidemark/market'
import Table from 'cli-table3'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** What one kind of state takes, in bytes, on average. */
export interface StateSize {
  readonly state: string
  readonly memory: number
  /** As it is written to the changelog. */
  readonly data: number
}

/** What is made of a state. */
interface Made {
  /** To be kept, where nothing else keeps it. */
  readonly state?: unknown
  readonly data: unknown
}

const MINUTE_MS = 60_000
const WARM_UP = 100
const options: SymbolFlowOptions = { whaleFloor: () => 100_000, vpinBucket: () => 2 }

export type MemoryUsage = () => { heapUsed: number; arrayBuffers: number }

/** Measures so many of a kind. The memory is what is left when all garbage is collected. */
export type SizeOf = (state: string, times: number, make: (seed: number) => Made) => StateSize

export function sizeBy(memoryUsage: MemoryUsage): SizeOf {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = () => {
    collect()
    const { heapUsed, arrayBuffers } = memoryUsage()
    return heapUsed + arrayBuffers
  }
  return (state, times, make) => {
    // What is compiled on the way is not to be counted.
    for (let seed = -WARM_UP; seed < 0; seed++) make(seed)
    const kept: unknown[] = new Array(times).fill(null)
    let data = 0
    const before = used()
    for (let index = 0; index < times; index++) {
      const made = make(index + 1)
      kept[index] = made.state
      data += Buffer.byteLength(JSON.stringify(made.data))
    }
    const memory = (used() - before) / kept.length
    return { state, memory, data: data / times }
  }
}

/** The kinds of the aggregator's state, made of a seeded market. */
export function stateSizes(sizeOf: SizeOf, count: number): StateSize[] {
  return [
    sizeOf('MarketWindow, a trade', count, (seed) => windowOf(seed, 1)),
    sizeOf('MarketWindow, a price in every slot', count, (seed) => windowOf(seed, 600)),
    sizeOf('SymbolFlow', count, (seed) => flowOf(seed, 2_000, options)),
    sizeOf('SymbolFlow, whale quantile', Math.ceil(count / 10), (seed) =>
      flowOf(seed, 20_000, { ...options, whaleQuantile: 0.999 }),
    ),
    sizeOf('WindowJudge', count, judgeOf),
  ]
}

export function stateTable(sizes: readonly StateSize[]): string {
  const table = new Table({ head: ['state', 'bytes in memory', 'bytes as data'], style: { head: [], border: [] } })
  for (const { state, memory, data } of sizes) table.push([state, Math.round(memory), Math.round(data)])
  return table.toString()
}

/** So many trades at even distances in a minute, a price that walks, amounts with a long tail. */
function* minuteOf(seed: number, trades: number) {
  const generator = xoroshiro128plus(seed)
  const random = () => uniformFloat64(generator)
  let price = 60_000 + seed
  for (let index = 0; index < trades; index++) {
    price += Math.round(random() * 200 - 100) / 100
    yield {
      trade_id: 3_000_000_000 + index,
      trade_time_ms: 28_719_840 * MINUTE_MS + Math.floor((index * MINUTE_MS) / trades),
      price,
      quantity: Math.ceil(-Math.log(1 - random()) * 10_000) / 100_000,
      is_buyer_maker: random() < 0.5,
    }
  }
}

function windowOf(seed: number, trades: number): Made {
  const flow = new SymbolFlow('BTCUSDT', options)
  const aggregator = marketMetrics('1m')
  let state = aggregator.init()
  for (const trade of minuteOf(seed, trades)) state = aggregator.add(state, flow.add(trade, 0))
  return { state, data: aggregator.snapshot?.(state) }
}

function flowOf(seed: number, trades: number, flowOptions: SymbolFlowOptions): Made {
  const flow = new SymbolFlow('BTCUSDT', flowOptions)
  for (const trade of minuteOf(seed, trades)) {
    flow.add(trade, 0)
    flow.takeWhales(trade.trade_time_ms)
  }
  return { state: flow, data: flow.snapshot() }
}

function judgeOf(seed: number): Made {
  const judge = new WindowJudge()
  const aggregator = marketMetrics('1m')
  const window = { startMs: 28_719_840 * MINUTE_MS, endMs: 28_719_841 * MINUTE_MS }
  for (let index = 0; index < 3; index++) {
    const flow = new SymbolFlow('BTCUSDT', options)
    let state = aggregator.init()
    for (const trade of minuteOf(seed + index, 20)) state = aggregator.add(state, flow.add(trade, 0))
    judge.judge(aggregator.result(state, { key: 'BTCUSDT', window, lateCount: 0, nowMs: 0 }))
  }
  return { state: judge, data: judge.snapshot() }
}
