import { UnknownSymbolsError } from '@tidemark/binance'
import type { Logger } from '@tidemark/service'

/** Between two questions to an exchange that could not be asked. */
const repeatMs = 30_000

export interface SymbolCheckerOptions {
  /** False where the exchange can't be asked; rejects where it does not have one of the symbols. */
  readonly require: (symbols: readonly string[]) => Promise<boolean>
  /** Resolves after this time, or at once when the process is to stop. */
  readonly pause: (ms: number) => Promise<void>
  readonly logger: Pick<Logger, 'info' | 'error'>
}

/** Checks the symbols that are followed, for as long as it takes until the exchange has answered. */
export class SymbolChecker {
  readonly #options: SymbolCheckerOptions
  #unanswered: readonly string[] | undefined
  #problem: UnknownSymbolsError | undefined

  constructor(options: SymbolCheckerOptions) {
    this.#options = options
  }

  /** What the exchange has said of symbols that are followed since before it could be asked. */
  get problem(): UnknownSymbolsError | undefined {
    return this.#problem
  }

  /** Rejects where the exchange does not have one of the symbols. One that can't be asked now is asked again behind the caller's back. */
  async check(symbols: readonly string[]): Promise<void> {
    const isAnswered = await this.#options.require(symbols)
    this.#problem = undefined
    this.#unanswered = isAnswered ? undefined : symbols
    if (!isAnswered) void this.#repeat(symbols)
  }

  stop(): void {
    this.#unanswered = undefined
  }

  async #repeat(symbols: readonly string[]): Promise<void> {
    const { require, pause, logger } = this.#options
    for (;;) {
      await pause(repeatMs)
      if (this.#unanswered !== symbols) return
      try {
        if (!(await require(symbols))) continue
        logger.info({ symbols: symbols.length }, 'the exchange has all symbols')
      } catch (err) {
        if (this.#unanswered !== symbols) return
        if (err instanceof UnknownSymbolsError) this.#problem = err
        logger.error({ err }, 'the symbols could not be checked at the start, and are wrong: nothing comes of these')
      }
      this.stop()
      return
    }
  }
}
