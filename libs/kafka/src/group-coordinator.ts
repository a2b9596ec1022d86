import { StreamsError, type CommittedOffset, type TopicPartition } from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { KafkaErrorCode, kafkaError } from './kafka-error.ts'
import type { Call } from './protocol/call.ts'
import { findCoordinatorCall } from './protocol/find-coordinator.ts'
import { offsetFetchCall } from './protocol/offset-fetch.ts'

const MOVED_OR_STARTING: ReadonlySet<number> = new Set([
  KafkaErrorCode.coordinatorLoadInProgress,
  KafkaErrorCode.coordinatorNotAvailable,
  KafkaErrorCode.notCoordinator,
])

/** The broker that coordinates a group, wherever it moves. */
export class GroupCoordinator {
  readonly groupId: string
  readonly link: ClusterLink
  #nodeId: number | undefined

  constructor(link: ClusterLink, groupId: string) {
    this.link = link
    this.groupId = groupId
  }

  /**
   * Asks the coordinator, once. An error code that says it has moved or is starting becomes a retriable error; any other is
   * the caller's to judge.
   */
  async ask<T>(call: Call<T>, errorCodesOf: (response: T) => readonly number[]): Promise<T> {
    const nodeId = this.#nodeId ?? (await this.#find(this.link))
    try {
      const response = await this.link.send(nodeId, call)
      const moved = errorCodesOf(response).find((errorCode) => MOVED_OR_STARTING.has(errorCode))
      if (moved !== undefined) throw kafkaError(moved, `group ${this.groupId}: ${call.apiName}`)
      return response
    } catch (error) {
      if (error instanceof StreamsError && error.retriable) this.#nodeId = undefined
      throw error
    }
  }

  /** The same, through moves and restarts of the coordinator. */
  async askAgain<T>(call: Call<T>, errorCodesOf: (response: T) => readonly number[]): Promise<T> {
    return await this.link.retry(`group ${this.groupId}: ${call.apiName}`, () => this.ask(call, errorCodesOf))
  }

  /** Asks over another link's connection, one that a waiting join does not block. */
  async askBeside<T>(beside: ClusterLink, call: Call<T>): Promise<T> {
    return await beside.send(await this.#find(beside), call)
  }

  /** The group's committed offsets of these partitions; those without one are left out. */
  async committed(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    if (partitions.length === 0) return []
    return await this.link.retry(`group ${this.groupId}: committed offsets`, async () => {
      const { errorCode, offsets } = await this.ask(offsetFetchCall(this.groupId, partitions), (r) => [r.errorCode])
      const failed = [errorCode, ...offsets.map((offset) => offset.errorCode)].find((code) => code !== 0)
      if (failed !== undefined) throw kafkaError(failed, `group ${this.groupId}: committed offsets`)
      return offsets
        .filter(({ offset }) => offset >= 0)
        .map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset, metadata }))
    })
  }

  async #find(link: ClusterLink): Promise<number> {
    const { errorCode, coordinator } = await link.sendToAny(findCoordinatorCall(this.groupId))
    if (errorCode !== KafkaErrorCode.none) throw kafkaError(errorCode, `coordinator of group ${this.groupId}`)
    link.learnBroker(coordinator)
    if (link === this.link) this.#nodeId = coordinator.nodeId
    return coordinator.nodeId
  }
}
