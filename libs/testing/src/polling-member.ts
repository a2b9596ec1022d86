import type { ConsumerOptions, ConsumerPort, RebalanceListener, TopicPartition } from '@tidemark/streams'
import { valuesOf, type KafkaUnderTest } from './port-law.ts'

const POLL_WAIT_MS = 50

export interface MemberOptions {
  readonly topic: string
  /** Read as well. */
  readonly others?: readonly string[]
  readonly consumer: ConsumerOptions
  readonly listener?: (consumer: ConsumerPort) => Partial<RebalanceListener>
}

/** A member of a group that polls in a loop of its own, and keeps what it sees. */
export class PollingMember {
  readonly consumer: ConsumerPort
  /** Each value behind partition and offset: `0/7:value`. */
  readonly values: string[] = []
  /** Numbers of its partitions, each as often as there are topics in which it has the one of that number. */
  held: readonly number[] = []
  readonly #polling: Promise<void>
  #stopped = false

  constructor({ kafka, onEnd }: KafkaUnderTest, { topic, others = [], consumer, listener }: MemberOptions) {
    this.consumer = kafka.consumer(consumer)
    const own = listener?.(this.consumer) ?? {}
    const numbers = (partitions: readonly TopicPartition[]) => partitions.map(({ partition }) => partition)
    const without = (partitions: readonly TopicPartition[]) =>
      this.held.filter((partition) => !numbers(partitions).includes(partition))
    this.consumer.subscribe([topic, ...others], {
      assigned: async (partitions) => {
        await own.assigned?.(partitions)
        this.held = [...this.held, ...numbers(partitions)].sort()
      },
      revoked: async (partitions) => {
        await own.revoked?.(partitions)
        this.held = without(partitions)
      },
      lost: async (partitions) => {
        await own.lost?.(partitions)
        this.held = without(partitions)
      },
    })
    this.#polling = this.#poll()
    // Whoever waits for it to stop is told.
    this.#polling.catch(() => undefined)
    onEnd(() => this.stop())
  }

  /** Ends the loop, then leaves the group. Rejects with what a poll has failed with. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#polling
    await this.consumer.close()
  }

  async #poll(): Promise<void> {
    while (!this.#stopped) {
      for (const batch of await this.consumer.poll(POLL_WAIT_MS)) {
        this.values.push(...valuesOf(batch).map((value) => `${batch.partition}/${value}`))
      }
    }
  }
}
