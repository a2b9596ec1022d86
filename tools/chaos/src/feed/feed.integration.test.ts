import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, onTestFinished, test } from 'vitest'
import { runFeedRound } from './feed-round.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    kafka: string
    registry: string
  }
}

test('on an exchange and a Kafka where things go wrong, every trade is there once and in order, or said to be missing', async () => {
  const logDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-feed-'))
  onTestFinished(() => rm(logDir, { recursive: true, force: true }))
  const seed = Date.now() % 1_000_000
  const { published, ...result } = await runFeedRound({
    host: process,
    bootstrapServers: inject('kafka'),
    registryUrl: inject('registry'),
    name: `feed-${seed}`,
    seed,
    seconds: 12,
    symbols: ['BTCUSDT', 'ETHUSDT'],
    leavesOut: false,
    logDir,
    log: (line) => console.log(line),
    nowMs: () => performance.now(),
    wait: (ms) => delay(ms),
  })
  expect(published).toBeGreaterThan(0)
  expect(result, `seed ${seed}`).toMatchObject({ sound: true })
  // Without a heartbeat there is none to be contradicted.
  expect(result.heartbeats, `seed ${seed}`).toBeGreaterThan(0)
})
