import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { startCluster } from '@tidemark/stack'
import { expect, onTestFinished, test } from 'vitest'
import { proofs } from './proofs.ts'
import { expectKept, placeOf, shortened } from './short-round-fixture.ts'

test('under load, copies are there once and in order after kill -9 of a broker of three', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-'))
  const cluster = await startCluster({ host: process, dataDir })
  onTestFinished(async () => {
    await cluster.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  const { bootstrapServers, brokerIds } = cluster
  const place = await placeOf('broker', {
    ...{ bootstrapServers, replicationFactor: 3 },
    ...{ seed: Date.now() % 1_000_000, nowMs: () => performance.now(), wait: (ms: number) => delay(ms) },
  })
  const killed: number[] = []
  const ending = {
    ...cluster,
    brokerIds: [brokerIds[place.seed % brokerIds.length]!],
    killBroker: async (id: number) => {
      await cluster.killBroker(id)
      killed.push(id)
    },
  }
  await expectKept(shortened(proofs.transactions[2]), { ...place, cluster: ending })
  expect(killed).toEqual(ending.brokerIds)
}, 240_000)
