import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, onTestFinished, test } from 'vitest'
import { runMetricsRound } from './metrics-round.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
  }
}

test(
  'shuffled within the grace, by three aggregators of which one is killed, the market gives the same bytes',
  { timeout: 240_000 },
  async () => {
    const logDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-metrics-'))
    onTestFinished(() => rm(logDir, { recursive: true, force: true }))
    const seed = Date.now() % 1_000_000
    const result = await runMetricsRound({
      host: process,
      bootstrapServers: inject('kafka'),
      registryUrl: inject('registry'),
      name: `metrics-${seed}`,
      seed,
      symbols: ['BTCUSDT', 'ETHUSDT', 'BNBUSDT', 'SOLUSDT'],
      tradesOfEach: 4_000,
      durationMs: 1_800_000,
      instances: 3,
      kills: 1,
      logDir,
      log: (line) => console.log(line),
      nowMs: () => performance.now(),
      wait: (ms) => delay(ms),
    })
    expect(result, `seed ${seed}`).toMatchObject({ missing: 0, extra: 0, different: 0, examples: [], kept: true })
    expect(Object.keys(result.records)).toEqual(['heartbeat', 'metrics', 'whales', 'anomalies', 'late'])
  },
)
