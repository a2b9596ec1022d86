import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePortBase, isFree, processesWith, StartProcess } from './start-process.ts'

const PORTS = 20

describe('npm start without a source', () => {
  let dataDir: string

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tidemark-stop-'))
  })

  afterAll(() => rm(dataDir, { recursive: true, force: true }))

  test('says that the exchange is out of reach, shows a synthetic market, and leaves nothing at Ctrl-C', async () => {
    const base = await freePortBase(PORTS)
    // Nothing listens on the last of the free ports.
    const env = { BINANCE_WS_URL: `ws://127.0.0.1:${base + PORTS - 1}` }
    const start = new StartProcess(['--data-dir', dataDir, '--port-base', String(base)], env)
    onTestFinished(() => start.stop())
    await start.says(/the exchange can't be reached .*: taking a synthetic market instead/)
    await start.says(/^connected · trades [1-9]/m)
    start.pressCtrlC()
    expect(await start.ended(), start.output).toBe(0)
    const free = await Promise.all(Array.from({ length: PORTS }, (_unused, index) => isFree(base + index)))
    expect(free.every(Boolean)).toBe(true)
    expect(processesWith(dataDir)).toEqual([])
    expect(processesWith(`--port ${base + 5}`)).toEqual([])
  })

  test.each([
    ['Kafka', 0],
    ['the exchange simulator', 5],
    ['trade-producer', 6],
  ])('refuses a port that is taken of %s, with the port and the setting that moves it', async (server, offset) => {
    const base = await freePortBase(PORTS)
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(base + offset, '127.0.0.1', resolve))
    try {
      const start = new StartProcess(['--source', 'synthetic', '--data-dir', dataDir, '--port-base', String(base)])
      expect(await start.ended()).toBe(1)
      expect(start.output).toContain(`port ${base + offset}, wanted for ${server}, is already in use`)
      expect(start.output).toContain('--port-base')
    } finally {
      holder.close()
    }
  })

  test('refuses what can not be meant together, before it starts anything', async () => {
    const start = new StartProcess(['--exit-when-drained'])
    expect(await start.ended()).toBe(1)
    expect(start.output).toContain('--exit-when-drained needs a source that ends')
  })
})
