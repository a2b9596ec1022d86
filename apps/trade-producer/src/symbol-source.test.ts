import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@tidemark/service'
import { describe, expect, it, onTestFinished } from 'vitest'
import { followChecked, SymbolSource } from './symbol-source.ts'

const logger = createLogger({ name: 'test', level: 'silent' })

async function fileOf(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-symbols-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const file = join(dir, 'symbols')
  await writeFile(file, text)
  return file
}

const sourceOf = (file: string | undefined, shard = 0) =>
  new SymbolSource({ SYMBOLS: [['A'], ['B']], SYMBOLS_FILE: file, SHARD: shard }, logger)

describe('the symbols', () => {
  it('are those of the shard in the settings, or in the file where there is one', async () => {
    expect(await sourceOf(undefined, 1).read()).toEqual(['B'])
    const file = await fileOf('btcusdt\nETHUSDT, BNBUSDT;\nSOLUSDT\n')
    expect(await sourceOf(file).read()).toEqual(['BTCUSDT', 'ETHUSDT', 'BNBUSDT'])
    expect(await sourceOf(file, 1).read()).toEqual(['SOLUSDT'])
  })

  it('are an error that names the file where it has none for the shard', async () => {
    const file = await fileOf('A;B')
    await expect(sourceOf(file, 2).read()).rejects.toThrow(`${file}: there is no shard 2`)
    await expect(sourceOf(await fileOf('A;')).read()).rejects.toThrow('shard 1 has no symbols')
  })

  it('are told again when the file has changed', async () => {
    const file = await fileOf('A')
    const changed = new Promise<readonly string[]>((resolve) => {
      onTestFinished(sourceOf(file).watch(resolve))
    })
    await writeFile(file, 'A,B')
    // A file system may keep times in whole seconds.
    await utimes(file, 2_000_000_000, 2_000_000_000)
    expect(await changed).toEqual(['A', 'B'])
  })
})

/** Lists whose first symbol is one of these are checked until the test says what came of it. */
function checking(...undecided: readonly string[]) {
  const checks = new Map(undecided.map((first) => [first, Promise.withResolvers<void>()]))
  const followed: (readonly string[])[] = []
  const take = followChecked({
    check: async ([first = '']) => checks.get(first)?.promise,
    follow: (symbols) => followed.push(symbols),
    refuse: () => undefined,
  })
  return { take, checks, followed }
}

describe('lists of symbols that change', () => {
  it('are followed once they are checked, but for one whose check ends after that of a later list', async () => {
    const { take, checks, followed } = checking('A')
    take(['A'])
    take(['B'])
    await new Promise(setImmediate)
    checks.get('A')?.resolve()
    await new Promise(setImmediate)
    expect(followed).toEqual([['B']])
  })

  it.each([
    ['before', ['B', 'A']],
    ['after', ['A', 'B']],
  ])('are followed where a later one is refused %s their check ends', async (_when, order) => {
    const { take, checks, followed } = checking('A', 'B')
    take(['A'])
    take(['B'])
    for (const first of order) {
      if (first === 'A') checks.get(first)?.resolve()
      else checks.get(first)?.reject(new Error('no such symbol'))
      await new Promise(setImmediate)
    }
    expect(followed).toEqual([['A']])
  })

  it('that do not pass the check are refused, with the reason', async () => {
    const refused: unknown[] = []
    const take = followChecked({
      check: () => Promise.reject(new Error('no such symbol')),
      follow: () => refused.push('followed'),
      refuse: (reason) => refused.push(String(reason)),
    })
    take(['A'])
    await new Promise(setImmediate)
    expect(refused).toEqual(['Error: no such symbol'])
  })
})
