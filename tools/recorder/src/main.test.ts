import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { startSimulator } from '@tidemark/exchange-simulator'
import { expect, it } from 'vitest'

it('Ctrl-C ends a recording in order: what had come is in a whole file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-recorder-'))
  const simulator = await startSimulator({ source: { kind: 'synthetic' }, symbols: ['BTCUSDT'], speed: 1 })
  try {
    const main = join(import.meta.dirname, 'main.ts')
    const file = join(folder, 'trades.txt.gz')
    const options = ['--url', simulator.url, '--symbols', 'BTCUSDT', '--out', file]
    const recorder = spawn(process.execPath, ['--conditions=@tidemark/source', main, ...options])
    const ended = once(recorder, 'exit')
    const said: string[] = []
    for await (const line of createInterface({ input: recorder.stderr })) {
      said.push(line)
      if (!line.startsWith('connected')) continue
      // The file is made with the first frame.
      while ((await readdir(folder)).length === 0) await new Promise(setImmediate)
      recorder.kill('SIGINT')
    }
    expect(await ended).toEqual([0, null])
    expect(said.at(-1)).toMatch(/^[1-9]\d* frames in /)
    expect(await readdir(folder)).toEqual(['trades.txt.gz'])
    const text = gunzipSync(await readFile(file)).toString('utf8')
    const lines = text.trimEnd().split('\n')
    for (const line of lines) expect(line).toMatch(/^\d+ \{"stream":"btcusdt@trade","data":\{.*\}\}$/)
    expect(`${lines.length} frames`).toBe(said.at(-1)?.split(' in ')[0])
  } finally {
    await simulator.stop()
    await rm(folder, { recursive: true })
  }
})
