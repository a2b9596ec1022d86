import type { ConsumerPort, KafkaPorts, TopicPartition } from '@tidemark/streams'
import { RefusedError } from './refused-error.ts'
import { formatProgress, type ReplayProgress } from './replay-progress.ts'

/** A clock that can be waited on; `wait` resolves early when the signal aborts. */
export interface Clock {
  nowMs(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export interface LeaseOptions {
  readonly kafka: Pick<KafkaPorts, 'consumer'>
  readonly topic: string
  readonly partitionCount: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** How long another replay may hold partitions before this one gives up; longer than a killed one's session. */
const HOLD_TIMEOUT_MS = 30_000
const POLL_MS = 500

/** The group whose offsets say how far replays of a topic have come. */
export function replayGroupId(topic: string): string {
  return `tidemark-replay-${topic}`
}

/** The positions of a topic's replays, held by one replay at a time as the only member of their group. */
export class ReplayLease {
  readonly #options: LeaseOptions
  readonly #consumer: ConsumerPort
  readonly #held = new Set<number>()

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#consumer = options.kafka.consumer({ groupId: replayGroupId(options.topic) })
  }

  /** Positions of earlier replays, by partition; may be asked for without holding anything. */
  async committed(): Promise<ReadonlyMap<number, { readonly offset: number; readonly metadata: string }>> {
    const { topic, partitionCount } = this.#options
    const partitions = Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition }))
    const committed = await this.#consumer.committed(partitions)
    return new Map(committed.map(({ partition, offset, metadata }) => [partition, { offset, metadata }]))
  }

  /** Becomes the holder of all partitions. Rejects with a `RefusedError` where another replay holds some. */
  async take(): Promise<void> {
    this.#consumer.subscribe([this.#options.topic], {
      assigned: async (partitions) => {
        // The letters themselves are read without the group, from where each replay begins.
        this.#consumer.pause(partitions)
        for (const { partition } of partitions) this.#held.add(partition)
      },
      revoked: async (partitions) => this.#release(partitions),
      lost: async (partitions) => this.#release(partitions),
    })
    await this.keep()
  }

  /** Takes part in rebalances; waits while another replay, which is to be refused, is in the group. */
  async keep(): Promise<void> {
    const { clock, partitionCount, topic, signal } = this.#options
    await this.#consumer.poll(0)
    const deadlineMs = clock.nowMs() + HOLD_TIMEOUT_MS
    while (this.#held.size < partitionCount) {
      if (signal.aborted || clock.nowMs() >= deadlineMs) {
        throw new RefusedError(
          `topic ${topic}: another replay of it is running, which holds group ${replayGroupId(topic)}: wait for its end`,
        )
      }
      await clock.wait(POLL_MS, signal)
      await this.#consumer.poll(0)
    }
  }

  async commit(partition: number, progress: ReplayProgress): Promise<void> {
    const { topic } = this.#options
    const where = `topic ${topic} partition ${partition}`
    await this.#consumer.commit([{ topic, partition, ...formatProgress(progress, where) }])
  }

  async close(): Promise<void> {
    await this.#consumer.close()
  }

  #release(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) this.#held.delete(partition)
  }
}
