import { StreamsError } from '@tidemark/streams'
import type { ClusterLink } from './cluster-link.ts'
import { KafkaErrorCode, kafkaError } from './kafka-error.ts'
import type { Call } from './protocol/call.ts'
import { findCoordinatorCall, type Coordinated } from './protocol/find-coordinator.ts'

const MOVED_OR_STARTING: ReadonlySet<number> = new Set([
  KafkaErrorCode.coordinatorLoadInProgress,
  KafkaErrorCode.coordinatorNotAvailable,
  KafkaErrorCode.notCoordinator,
])

export interface Question<T> {
  readonly call: Call<T>
  errorCodesOf(response: T): readonly number[]
  /** What to reject with when the request was sent, or tried to, and not answered; the connection's own error if left out. */
  whenLost?(error: unknown): unknown
}

/** The broker that coordinates a group, or the transactions of one id, wherever it moves. */
export class Coordinator {
  readonly #link: ClusterLink
  readonly #coordinated: Coordinated
  #nodeId: number | undefined

  constructor(link: ClusterLink, coordinated: Coordinated) {
    this.#link = link
    this.#coordinated = coordinated
  }

  /**
   * Asks the coordinator, once. An error code that says it has moved or is starting becomes a retriable error; any other is
   * the caller's to judge.
   */
  async ask<T>({ call, errorCodesOf, whenLost = (error) => error }: Question<T>): Promise<T> {
    this.#nodeId ??= await this.find(this.#link)
    const response = await this.#link.send(this.#nodeId, call).catch((error: unknown) => {
      if (error instanceof StreamsError && error.retriable) this.#nodeId = undefined
      throw whenLost(error)
    })
    const moved = errorCodesOf(response).find((errorCode) => MOVED_OR_STARTING.has(errorCode))
    if (moved === undefined) return response
    this.#nodeId = undefined
    throw kafkaError(moved, `${this.#subject}: ${call.apiName}`)
  }

  /** Looks it up anew, for this link or another, and makes it known there. */
  async find(link: ClusterLink): Promise<number> {
    const { errorCode, coordinator } = await link.sendToAny(findCoordinatorCall(this.#coordinated))
    if (errorCode !== KafkaErrorCode.none) throw kafkaError(errorCode, `coordinator of ${this.#subject}`)
    link.learnBroker(coordinator)
    return coordinator.nodeId
  }

  get #subject(): string {
    const { kind, id } = this.#coordinated
    return kind === 'group' ? `group ${id}` : `transactional id ${id}`
  }
}
