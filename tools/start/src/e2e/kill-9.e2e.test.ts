import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { startStack } from '@tidemark/stack'
import { afterAll, beforeAll, describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { fetchHealth } from '../app-health.ts'
import { appDefinitions } from '../app-definitions.ts'
import { appPorts } from '../app-ports.ts'
import { differences, readPoints } from './points.ts'
import { readTrades, recompute } from './recompute.ts'
import { freePortBase, processesWith, recording, StartProcess } from './start-process.ts'

/** Fast enough for a test, slow enough that every app is killed in the middle: eleven minutes in about fifteen seconds. */
const SPEED = '45'
const TRADES = 34_419

describe.skipIf(!existsSync(recording))('kill -9 of every app during a replay', () => {
  let dataDir: string

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidemark-kill-'))
  })

  afterAll(() => rm(dataDir, { recursive: true, force: true }))

  test('loses no trade, and every point is that of a batch recomputation', async () => {
    const base = await freePortBase(20)
    const source = ['--source', `recording:${recording}`, '--speed', SPEED, '--exit-when-drained']
    const start = new StartProcess([...source, '--data-dir', dataDir, '--port-base', String(base)])
    onTestFinished(() => start.stop())
    onTestFailed(() => console.log(start.output))
    const producerPort = appPorts(base).producer
    const apps = appDefinitions(appPorts(base))
    for (const [index, { name, entry, healthPort }] of apps.entries()) {
      await start.says(/InfluxDB is ready/)
      // The replay begins anew when the producer does, which is killed first: its place is what that one has taken since.
      await untilReplayed(producerPort, (index + 1) * 3_000)
      kill(entry, healthPort)
      await start.says(new RegExp(`${name} ended with`))
    }
    expect(await start.ended(), start.output).toBe(0)
    expect(start.figure('trades in')).toBe(TRADES.toLocaleString('en-US'))
    expect(start.figure('dead letters')).toBe('0')
    expect(start.figure('lost')).toBe('0')

    const stack = await startStack({ host: process, dataDir, portBase: base, services: ['influx'] })
    try {
      const influx = await stack.influx
      if (!influx.available) throw new Error(influx.reason)
      const trades = readTrades(recording)
      const windows = [...recompute(trades, '10s', 10_000), ...recompute(trades, '1m', 60_000)]
      const points = (await readPoints(influx)).filter(({ window }) => window === '10s' || window === '1m')
      expect(differences(points, windows)).toEqual([])
    } finally {
      await stack.stop()
    }
  })
})

/** Polls the producer's health until the replay has come so far: trades that are in Kafka since then, or were before. */
async function untilReplayed(port: number, trades: number): Promise<void> {
  for (;;) {
    const health = await fetchHealth(port)
    const place = Number(health?.['produced'] ?? 0) + Number(health?.['duplicates'] ?? 0)
    if (place >= trades) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Kills the app that serves this health port: not the supervisor that started it and has its command line in its own. */
function kill(entry: string, healthPort: number): void {
  const victims = processesWith(entry).filter(({ pid, command }) => {
    if (command.includes('supervisor')) return false
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HEALTH_PORT=${healthPort}`)
  })
  if (victims.length !== 1) throw new Error(`expected one process of ${entry}, found ${victims.length}`)
  for (const { pid } of victims) process.kill(pid, 'SIGKILL')
}
