import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Host } from '@tidemark/stack'

const program = fileURLToPath(new URL('../../tools/exchange-simulator/src/main.ts', import.meta.url))
/** The market is made in slices of this length, each sent when it is over. */
const SLICE_MS = 10
const POLL_MS = 50

export interface FeedMarketOptions {
  readonly symbols: number
  /** Trades a second, over all symbols. */
  readonly rate: number
  readonly seconds: number
}

/** Ids of a symbol's trades: all from the first to the last one. */
export interface PublishedIds {
  readonly first_id: number
  readonly last_id: number
}

interface Status {
  readonly symbols: readonly string[]
  readonly trades: Readonly<Record<string, { readonly first_id: number | null; readonly last_id: number | null }>>
  readonly done: boolean
}

/** A synthetic market in a process of its own. It begins with the first subscription. */
export class FeedMarket {
  readonly url: string
  readonly httpUrl: string
  readonly #stop: () => Promise<void>

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url
    this.httpUrl = url.replace('ws:', 'http:')
    this.#stop = stop
  }

  static async start(host: Host, { symbols, rate, seconds }: FeedMarketOptions): Promise<FeedMarket> {
    const market = ['--source', 'synthetic', '--symbol-count', `${symbols}`, '--rate', `${rate / symbols}`]
    const args = ['--conditions=@tidemark/source', program, ...market, '--duration', `${seconds}`, '--port', '0']
    const child = spawn(host.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const exited = once(child, 'exit')
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr })
        .on('line', (line) => {
          const [, address] = /^exchange simulator on (\S+):/.exec(line) ?? []
          if (address !== undefined) resolve(address)
        })
        .on('close', () => reject(new Error('the simulator ended before it was up')))
    })
    return new FeedMarket(url, async () => {
      child.kill('SIGTERM')
      await exited
    })
  }

  async symbols(): Promise<readonly string[]> {
    return (await this.#status()).symbols
  }

  /** Resolves, when there are trades, with when the market began: milliseconds since 1970. */
  async begun(): Promise<number> {
    for (;;) {
      const [first] = (await this.published()).values()
      // Ids count from a thousand times the market's begin on.
      if (first !== undefined) return Math.floor(first.first_id / 1_000)
      await delay(POLL_MS)
    }
  }

  /** What was published so far, by symbol. */
  async published(): Promise<Map<string, PublishedIds>> {
    const { trades } = await this.#status()
    return new Map(
      Object.entries(trades).flatMap(([symbol, { first_id, last_id }]) =>
        first_id === null || last_id === null ? [] : [[symbol, { first_id, last_id }]],
      ),
    )
  }

  /** Resolves when it is over and all of it has been sent. */
  async ended(): Promise<void> {
    while (!(await this.#status()).done) await delay(POLL_MS)
  }

  stop(): Promise<void> {
    return this.#stop()
  }

  async #status(): Promise<Status> {
    return (await (await fetch(`${this.httpUrl}/simulator/status`)).json()) as Status
  }
}

/** When a trade was due on the wire, whether or not the market was late: at the end of its slice. */
export function dueMs(tradeTimeMs: number, marketBeganMs: number): number {
  return marketBeganMs + (Math.floor((tradeTimeMs - marketBeganMs) / SLICE_MS) + 1) * SLICE_MS
}
