import type { FeedItem, TradeFeed } from '@tidemark/binance'
import { StopRequestedError, unlessStopped } from '@tidemark/service'
import { decide } from '@tidemark/streams'
import type { TradeWriter } from './trade-writer.ts'

/** What is collected beyond this is committed before more is taken out of a batch: one request for each partition stays small. */
const maxTransactionBytes = 4_000_000
/** What arrives within so long goes to Kafka together: a request for each trade would cost more than it brings forward. */
const sendIntervalMs = 5
const firstRetryDelayMs = 250
const maxRetryDelayMs = 10_000

export interface CommitLoopOptions {
  readonly writer: Pick<TradeWriter, 'add' | 'send' | 'commit' | 'bufferedBytes'>
  readonly commitIntervalMs: number
  /** Aborted when the process is to stop: what the feed has given is still committed, unless Kafka is away. */
  readonly signal: AbortSignal
  readonly nowMs: () => number
  /** Resolves after this time, or when the signal is aborted. */
  readonly pause: (ms: number) => Promise<void>
  readonly onRetry: (error: unknown, retryInMs: number) => void
  /** Called after each commit with how long it took, and when its trades had arrived. */
  readonly onCommit: (tookMs: number, receivedMs: readonly number[]) => void
}

/**
 * Takes a feed's batches into Kafka. What arrives is sent every few milliseconds into an open transaction, which is committed
 * `commitIntervalMs` after the commit before was begun, or at once where that is over. While Kafka is away it tries again for
 * ever, and takes nothing more out of the feed, which is bounded by itself. Rejects where trying again can't help, such as when another
 * instance has taken over, and with a `StopRequestedError` where a stop comes while Kafka is away.
 */
export async function commitLoop(
  feed: Pick<TradeFeed, typeof Symbol.asyncIterator | 'take'>,
  options: CommitLoopOptions,
): Promise<void> {
  const { writer, commitIntervalMs, signal, nowMs, pause } = options
  let dueMs = -Infinity
  const commitNow = async (): Promise<void> => {
    dueMs = nowMs() + commitIntervalMs
    await commit(options)
  }
  const add = async (items: readonly FeedItem[]): Promise<void> => {
    for (const item of items) {
      writer.add(item)
      if (writer.bufferedBytes >= maxTransactionBytes) await commitNow()
    }
  }
  for await (const { items } of feed) {
    await add(items)
    while (nowMs() < dueMs && !signal.aborted) {
      const nextMs = Math.min(nowMs() + sendIntervalMs, dueMs)
      await writer.send()
      const leftMs = nextMs - nowMs()
      if (leftMs > 0) await pause(leftMs)
      await add(feed.take()?.items ?? [])
    }
    await commitNow()
  }
}

async function commit({ writer, signal, nowMs, pause, onRetry, onCommit }: CommitLoopOptions): Promise<void> {
  let failures = 0
  const attempts = async (): Promise<void> => {
    for (;;) {
      const startedMs = nowMs()
      try {
        const receivedMs = await writer.commit()
        onCommit(nowMs() - startedMs, receivedMs)
        return
      } catch (error) {
        if (decide(error) === 'stop') throw error
        if (signal.aborted) throw new StopRequestedError('Kafka is away: the next start fills', { cause: error })
        const delayMs = Math.min(firstRetryDelayMs * 2 ** failures++, maxRetryDelayMs)
        onRetry(error, delayMs)
        await pause(delayMs)
      }
    }
  }
  await unlessStopped(attempts(), { signal, pausing: () => failures > 0 })
}
