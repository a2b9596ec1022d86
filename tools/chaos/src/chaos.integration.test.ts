import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, onTestFinished, test } from 'vitest'
import type { Swept } from './fault-rules.ts'
import { proofs, type ProofSettings } from './proofs.ts'
import { proveRound } from './prove.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
  }
}

const RECORDS = 6_000

/** A proof with few records and one end of each of two instances: seconds instead of minutes. */
function shortened(settings: ProofSettings | undefined): ProofSettings {
  if (settings === undefined) throw new Error('there is no such proof')
  return { ...settings, records: RECORDS, partitions: 4, instances: 2, restarts: 1 }
}

const [atLeastOnceCrash, , , exactlyOnceClean] = proofs.smoke

test.each([
  ['copies are there once and in order after kill -9 of each instance', shortened(proofs.transactions[0])],
  ['windows are there once, equal to a recomputation, after kill -9 of each', shortened(proofs.windows[0])],
  ['results of every step that keeps state are there once after kill -9 of each', shortened(proofs.steps[0])],
  ['windows are there once after a clean stop of each', shortened(exactlyOnceClean)],
  ['windows are there at least once, and right, after kill -9 of each at-least-once', shortened(atLeastOnceCrash)],
  ['windows are there once through connections with faults', shortened(proofs.proxy[0])],
] as const)('under load, %s', { timeout: 240_000 }, async (_what, settings) => {
  const logDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'))
  onTestFinished(() => rm(logDir, { recursive: true, force: true }))
  const seed = Date.now() % 1_000_000
  const outcome = await proveRound(settings, {
    host: process,
    bootstrapServers: inject('kafka'),
    replicationFactor: 1,
    logDir,
    name: `chaos-${settings.job}-${seed}`,
    seed,
    log: (line) => console.log(line),
    nowMs: () => performance.now(),
    wait: (ms) => delay(ms),
  })
  expect(outcome, JSON.stringify(outcome)).toMatchObject({ kept: true })
  expect(outcome.records).toBeGreaterThanOrEqual(RECORDS)
  expect(outcome.readUnderLoad).toBeGreaterThan(0)
  if (settings.target === 'connections') expect(Object.keys((outcome.swept as Swept).faults)).not.toEqual([])
})
