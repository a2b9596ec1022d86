import { readFile } from 'node:fs/promises'
import { unwatchFile, watchFile } from 'node:fs'
import type { Logger } from '@tidemark/service'
import type { ProducerConfig } from './config.ts'
import { parseShards } from './symbol-shards.ts'

type Symbols = readonly string[]

interface CheckedChanges {
  readonly check: (symbols: Symbols) => Promise<void>
  readonly follow: (symbols: Symbols) => void
  readonly refuse: (reason: unknown) => void
}

/** Takes lists of symbols, and has those followed that pass the check; not one where a later list is followed already. */
export function followChecked({ check, follow, refuse }: CheckedChanges): (symbols: Symbols) => void {
  let taken = 0
  let followed = 0
  return (symbols) => {
    const number = ++taken
    check(symbols).then(() => {
      if (number < followed) return
      followed = number
      follow(symbols)
    }, refuse)
  }
}

const filePollMs = 2_000

/** The symbols of this shard: from SYMBOLS_FILE where there is one, which may change at any time, else from SYMBOLS. */
export class SymbolSource {
  readonly #config: Pick<ProducerConfig, 'SYMBOLS' | 'SYMBOLS_FILE' | 'SHARD'>
  readonly #logger: Logger

  constructor(config: Pick<ProducerConfig, 'SYMBOLS' | 'SYMBOLS_FILE' | 'SHARD'>, logger: Logger) {
    this.#config = config
    this.#logger = logger
  }

  /** Throws where the file can't be read, or has no symbols for this shard. */
  async read(): Promise<readonly string[]> {
    const { SYMBOLS_FILE: file, SYMBOLS, SHARD } = this.#config
    if (file === undefined) return SYMBOLS[SHARD] ?? []
    const parsed = parseShards(await readFile(file, 'utf8'))
    if (!parsed.ok) throw new Error(`${file}: ${parsed.issue}`)
    const symbols = parsed.shards[SHARD]
    if (symbols === undefined) throw new Error(`${file}: there is no shard ${SHARD}`)
    return symbols
  }

  /** Calls with the new symbols whenever the file has changed; one that can't be used is logged, and the old symbols stay. */
  watch(changed: (symbols: readonly string[]) => void): () => void {
    const { SYMBOLS_FILE: file } = this.#config
    if (file === undefined) return () => undefined
    const listener = (): void => {
      this.read().then(changed, (err: unknown) =>
        this.#logger.error({ err, file }, 'the symbols stay as they are: the file can not be used'),
      )
    }
    watchFile(file, { interval: filePollMs }, listener)
    return () => unwatchFile(file, listener)
  }
}
