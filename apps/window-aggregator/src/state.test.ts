import type { Trade } from '@tidemark/schemas'
import { expect, test } from 'vitest'
import { AggregatorRun, topics, trade } from './aggregator-fixture.ts'
import { allWindows as windows } from './oracle-fixture.ts'

const stores = [
  ...windows.flatMap(({ label }) => [`windows-tumbling-${label}-grace-2s`, `process-judge-${label}`]),
  ...['in-sequence', 'process-symbol-flow', `clock-${topics.trades}`],
]

/** A trade every second, prices and amounts with many digits, and an order of whale size now and then. */
function hourOf(symbol: string, hour: number) {
  return Array.from({ length: 3_600 }, (_, second) => {
    const id = hour * 3_600 + second
    return trade(symbol, 3_747_000_000 + id, id * 1_000 + (id % 997), {
      price: 61_837.01 + Math.round(100 * Math.sin(id)) / 100,
      quantity: ((id * 7_919) % 99_991) / 1e5 + (id % 1_000 === 0 ? 3 : 1e-5),
      is_buyer_maker: id % 3 === 0,
    })
  })
}

test('a symbol keeps fourteen entries of less than 10 kB together, five more at an edge of all windows, however long it trades, and no other when it is gone', async () => {
  const run = new AggregatorRun({ windows, vpinBucket: () => 2 })
  const entriesOf = async (symbol: string) => {
    await run.driver.commit()
    const all = (await Promise.all(stores.map((store) => run.driver.store(store)))).flat()
    const bytes = all.filter(({ key }) => key === symbol).map((entry) => Buffer.byteLength(JSON.stringify(entry)))
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(bytes.length > 14 ? 14_000 : 10_000)
    return bytes.length
  }
  await run.pipe(...hourOf('GONEUSDT', 0), ...hourOf('BTCUSDT', 0))
  // Its first hour is open: no hour is compared with others yet.
  expect(await entriesOf('GONEUSDT')).toBe(13)
  for (let hour = 1; hour < 5; hour++) {
    const [atEdge, ...others] = hourOf('BTCUSDT', hour)
    await run.pipe(atEdge as Trade)
    // Until the grace is over, a window of each size waits for what may still come.
    expect(await entriesOf('BTCUSDT')).toBe(hour === 1 ? 18 : 19)
    await run.pipe(...others)
    expect([await entriesOf('BTCUSDT'), await entriesOf('GONEUSDT')]).toEqual([14, 13])
  }
})
