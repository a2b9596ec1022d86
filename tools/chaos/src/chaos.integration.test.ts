import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { runBacklog } from './backlog.ts'
import type { Swept } from './fault-rules.ts'
import { proofs } from './proofs.ts'
import { expectKept, placeOf, shortened } from './short-round-fixture.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
  }
}

const [atLeastOnceCrash, , , exactlyOnceClean] = proofs.smoke
const place = (what: string) =>
  placeOf(what, {
    ...{ bootstrapServers: inject('kafka'), replicationFactor: 1 },
    ...{ seed: Date.now() % 1_000_000, nowMs: () => performance.now(), wait: (ms: number) => delay(ms) },
  })

test.each([
  ['copies are there once and in order after kill -9 of each instance', shortened(proofs.transactions[0])],
  ['windows are there once, equal to a recomputation, after kill -9 of each', shortened(proofs.windows[0])],
  ['results of every step that keeps state are there once after kill -9 of each', shortened(proofs.steps[0])],
  ['windows are there once after a clean stop of each', shortened(exactlyOnceClean)],
  ['windows are there at least once, and right, after kill -9 of each at-least-once', shortened(atLeastOnceCrash)],
  ['windows are there once through connections with faults', shortened(proofs.proxy[0])],
] as const)('under load, %s', { timeout: 240_000 }, async (_what, settings) => {
  const { swept } = await expectKept(settings, await place(settings.job))
  if (settings.target === 'connections') expect(Object.keys((swept as Swept).faults)).not.toEqual([])
})

const MIB = 1024 * 1024

test('before a slow sink, what is held of a backlog of several times as much stays below its bound', async () => {
  const settings = { records: 50_000, partitions: 4, maxBufferedBytes: 8 * MIB, writeMs: 100 }
  const { bufferedBytes, records } = await runBacklog({ ...settings, ...(await place('backlog')) })
  // What the process grows by says nothing of a backlog this short: the whole proof judges that too.
  expect(bufferedBytes).toBeGreaterThan(0)
  expect(bufferedBytes).toBeLessThanOrEqual(settings.maxBufferedBytes)
  expect(records).toBe(settings.records)
})
