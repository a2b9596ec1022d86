import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { AggregatorRun, trade } from './aggregator-fixture.ts'
import { allWindows as windows } from './oracle-fixture.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function usedBytes(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('a symbol of which no more comes, all its windows open, keeps less than the 40 kB that docs/operations.md says', async () => {
  const symbols = 1_000
  const run = new AggregatorRun({ windows, vpinBucket: () => 1 }, { commit: 'manual' })
  for (let number = 0; number < symbols; number++) {
    const trades = Array.from({ length: 120 }, (_, index) =>
      trade(`COIN${number}USDT`, index, index * 500, { price: 100 + Math.sin(index + number), quantity: 0.9 }),
    )
    await run.pipe(...trades)
    if (number % 100 === 99) await run.driver.commit()
  }
  // What a new process restores is the state and nothing else.
  run.driver.kill()
  const before = usedBytes()
  await run.driver.settle()
  const bytes = (usedBytes() - before) / symbols
  expect(bytes).toBeGreaterThan(5_000)
  expect(bytes).toBeLessThan(40_000)
})
