import type { CommittedOffset, TopicPartition } from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { Coordinator } from './coordinator.ts'
import { kafkaError } from './kafka-error.ts'
import type { Call } from './protocol/call.ts'
import { offsetFetchCall } from './protocol/offset-fetch.ts'
import { retryQuickly } from './quick-retry.ts'

/** The broker that coordinates a group, wherever it moves. */
export class GroupCoordinator {
  readonly groupId: string
  readonly link: ClusterLink
  readonly #coordinator: Coordinator

  constructor(link: ClusterLink, groupId: string) {
    this.link = link
    this.groupId = groupId
    this.#coordinator = new Coordinator(link, { kind: 'group', id: groupId })
  }

  /**
   * Asks the coordinator, once. An error code that says it has moved or is starting becomes a retriable error; any other is
   * the caller's to judge.
   */
  async ask<T>(call: Call<T>, errorCodesOf: (response: T) => readonly number[]): Promise<T> {
    return await this.#coordinator.ask({ call, errorCodesOf })
  }

  /** The same, through moves and restarts of the coordinator. */
  async askAgain<T>(call: Call<T>, errorCodesOf: (response: T) => readonly number[]): Promise<T> {
    return await this.link.retry(`group ${this.groupId}: ${call.apiName}`, () => this.ask(call, errorCodesOf))
  }

  /** Asks over another link's connection, one that a waiting join does not block. */
  async askBeside<T>(beside: ClusterLink, call: Call<T>): Promise<T> {
    return await beside.send(await this.#coordinator.find(beside), call)
  }

  /**
   * The group's committed offsets of these partitions; those without one are left out. Waits for the end of a transaction that
   * commits any of them.
   */
  async committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    if (partitions.length === 0) return []
    const subject = `group ${this.groupId}: committed offsets`
    const ask = async () => {
      const { errorCode, offsets } = await this.ask(offsetFetchCall(this.groupId, partitions), (r) => [r.errorCode])
      const failed = [errorCode, ...offsets.map((offset) => offset.errorCode)].find((code) => code !== 0)
      if (failed !== undefined) throw kafkaError(failed, subject)
      return offsets
        .filter(({ offset }) => offset >= 0)
        .map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset, metadata }))
    }
    return await retryQuickly(ask, { link: this.link, subject, forMs: this.link.retryForMs })
  }
}
