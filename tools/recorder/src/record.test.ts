import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { startSimulator, type Simulator, type SimulatorOptions } from '@tidemark/exchange-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { record, type RecordingSummary, type RecordOptions } from './record.ts'
import { RecorderError } from './recorder-error.ts'

let folder: string
let simulator: Simulator | undefined
const symbols = ['BTCUSDT', 'ETHUSDT']

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-recorder-'))
})

afterEach(async () => {
  await simulator?.stop()
  simulator = undefined
  await rm(folder, { recursive: true })
})

const market: SimulatorOptions = {
  source: { kind: 'synthetic', durationMs: 120_000, startMs: 1_723_161_254_000 },
  symbols,
  speed: 'max',
}

/** Records until `frames` are there, from a simulator of its own. */
async function recordFrom(
  source: SimulatorOptions,
  { elapsedMs = () => 0, ...options }: Partial<RecordOptions> & { readonly elapsedMs?: () => number },
): Promise<RecordingSummary> {
  await simulator?.stop()
  simulator = await startSimulator(source)
  let nowUs = 1_723_161_254_000_000
  const recording = await record(
    { url: simulator.url, symbols, kinds: ['trade'], file: join(folder, 'trades.txt.gz'), ...options },
    {
      // A connection is expected to last: a test that needs another one hangs instead of waiting.
      clock: { nowMs: () => 0, after: () => () => undefined },
      nowUs: () => (nowUs += 1_000),
      elapsedMs,
      log: () => undefined,
    },
  )
  return recording.done
}

const linesOf = async (file: string): Promise<string[]> => {
  const bytes = await readFile(file)
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd().split('\n')
}
const framesOf = async (files: readonly string[]): Promise<string[]> =>
  (await Promise.all(files.map(linesOf))).flat().map((line) => line.slice(line.indexOf(' ') + 1))

describe('a recording', () => {
  it('of the simulator replays equal: the frames of its replay are those that were recorded', async () => {
    const { files, frames, skipped } = await recordFrom(market, { maxFrames: 2_000 })
    expect({ frames, skipped, files }).toEqual({ frames: 2_000, skipped: 0, files: [join(folder, 'trades.txt.gz')] })
    const recorded = await framesOf(files)
    const replayed = await recordFrom(
      { source: { kind: 'recording', file: files[0]! }, speed: 'max' },
      { maxFrames: 2_000, file: join(folder, 'again.txt') },
    )
    expect(await framesOf(replayed.files)).toEqual(recorded)
    const trades = recorded.map((frame) => (JSON.parse(frame) as { data: { s: string; t: number } }).data)
    for (const symbol of symbols) {
      const ids = trades.filter(({ s }) => s === symbol).map(({ t }) => t)
      expect(simulator?.status().trades[symbol]).toEqual({ count: ids.length, first_id: ids[0], last_id: ids.at(-1) })
    }
  })

  it('has the time of arrival of each frame before it, in µs', async () => {
    const { files } = await recordFrom(market, { maxFrames: 3, file: join(folder, 'plain.txt') })
    const lines = await linesOf(files[0]!)
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      '1723161254001000',
      '1723161254002000',
      '1723161254003000',
    ])
  })

  it('leaves out frames that no replay could serve, and counts them', async () => {
    const { files, skipped } = await recordFrom({ ...market, malformed: 'builtin' }, { maxFrames: 2_400 })
    expect(skipped).toBeGreaterThan(0)
    await recordFrom(
      { source: { kind: 'recording', file: files[0]! }, speed: 'max' },
      { maxFrames: 1, file: join(folder, 'again.txt') },
    )
  })

  it('goes on in numbered files at a size or an age, without losing a frame in between', async () => {
    let elapsedMs = 0
    const rotating = {
      maxFrames: 1_000,
      maxAgeMs: 60_000,
      // A minute passes every 250 frames.
      elapsedMs: () => Math.floor(elapsedMs++ / 251) * 60_000,
    }
    const { files } = await recordFrom(market, rotating)
    expect(files.length).toBeGreaterThan(2)
    expect(files.slice(0, 2)).toEqual([join(folder, 'trades-0001.txt.gz'), join(folder, 'trades-0002.txt.gz')])
    const whole = await recordFrom(market, { maxFrames: 1_000, file: join(folder, 'whole.txt') })
    expect(await framesOf(files)).toEqual(await framesOf(whole.files))
    const later = await recordFrom(market, { maxFrames: 1, maxAgeMs: 60_000 })
    expect(later.files).toEqual([join(folder, `trades-000${files.length + 1}.txt.gz`)])
  })

  it('that is stopped is whole, with everything that had come', async () => {
    simulator = await startSimulator(market)
    const file = join(folder, 'trades.txt.gz')
    const connected = Promise.withResolvers<undefined>()
    const recording = await record(
      { url: simulator.url, symbols, kinds: ['trade'], file },
      {
        clock: { nowMs: () => 0, after: () => () => undefined },
        nowUs: () => {
          connected.resolve(undefined)
          return 1_723_161_254_000_000
        },
        elapsedMs: () => 0,
        log: () => undefined,
      },
    )
    await connected.promise
    recording.stop()
    const { frames, files } = await recording.done
    expect(files).toEqual([file])
    expect(await framesOf(files)).toHaveLength(frames)
    expect(await readdir(folder)).toEqual(['trades.txt.gz'])
  })

  it('is never written over, nor put where no folder is, nor made of what is no address', async () => {
    const file = join(folder, 'trades.txt')
    await writeFile(file, 'precious')
    await expect(recordFrom(market, { file })).rejects.toThrow('is there already: a recording is never written over')
    await expect(recordFrom(market, { file: join(folder, 'no', 'x') })).rejects.toThrow(RecorderError)
    await expect(recordFrom(market, { url: 'https://example.com' })).rejects.toThrow('not a ws:// or wss:// address')
    expect(await readFile(file, 'utf8')).toBe('precious')
  })
})
