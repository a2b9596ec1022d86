import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, onTestFinished, test } from 'vitest'
import { proofs, type ProofSettings } from './proofs.ts'
import { runRound } from './round.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
  }
}

const right = { lost: 0, duplicate: 0, reordered: 0, mismatching: 0 }
const clean = { ...right, during: right, openTransactions: 0 }

/** A proof with few records and one end of each of two instances: seconds instead of minutes. */
function shortened(settings: ProofSettings | undefined): ProofSettings {
  if (settings === undefined) throw new Error('there is no such proof')
  return { ...settings, records: 6_000, partitions: 4, instances: 2, restarts: 1 }
}

test.each([
  ['copies are there once and in order', 'transactions', shortened(proofs.transactions[0])],
  ['windows are there once, equal to a recomputation', 'windows', shortened(proofs.windows[0])],
  [
    'results of every step that keeps state are there once, equal to a fold of the input',
    'steps',
    shortened(proofs.steps[0]),
  ],
] as const)('after kill -9 of each instance under load, %s', async (_what, name, settings) => {
  const logDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'))
  onTestFinished(() => rm(logDir, { recursive: true, force: true }))
  const seed = Date.now() % 1_000_000
  const { records, readUnderLoad, ...verdict } = await runRound({
    ...settings,
    host: process,
    bootstrapServers: inject('kafka'),
    name: `chaos-${name}-${seed}`,
    seed,
    logDir,
    replicationFactor: 1,
    log: (line) => console.log(line),
    nowMs: () => performance.now(),
    wait: (ms) => delay(ms),
  })
  expect(readUnderLoad).toBeGreaterThan(0)
  expect(records).toBeGreaterThanOrEqual(6_000)
  expect(verdict, `seed ${seed}`).toEqual(clean)
})
