import { StreamsError } from '@tidemark/streams'
import type { GroupCoordinator } from './group-coordinator.ts'
import { KafkaErrorCode, kafkaError } from './kafka-error.ts'
import { heartbeatCall } from './protocol/heartbeat.ts'
import type { GroupMember } from './protocol/sync-group.ts'
import { backoffMs, isLoud } from './retry.ts'

export interface HeartbeatOptions {
  readonly coordinator: GroupCoordinator
  readonly intervalMs: number
  /** Told when the state changes, or the group cannot be used any more. */
  onChange(): void
}

const LOST: ReadonlySet<number> = new Set([
  KafkaErrorCode.unknownMemberId,
  KafkaErrorCode.illegalGeneration,
  KafkaErrorCode.fencedInstanceId,
])

/** Keeps a member alive beside whatever it does, and learns from the answers how its group is. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #state: 'joined' | 'rebalancing' | 'lost' = 'lost'
  #failure: StreamsError | undefined
  #beating: AbortController | undefined
  #answeredAtMs: number | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  get state(): 'joined' | 'rebalancing' | 'lost' {
    return this.#state
  }

  /** Since the last answer; undefined while there is no member to beat for. */
  ageMs(): number | undefined {
    if (this.#answeredAtMs === undefined || this.#state === 'lost') return undefined
    return Math.max(0, this.#options.coordinator.link.time.nowMs() - this.#answeredAtMs)
  }

  /** Throws what has made the group unusable, such as a right that was withdrawn. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Begins with a member that has just been answered. */
  start(member: GroupMember): void {
    this.stop()
    this.#state = 'joined'
    this.#answeredAtMs = this.#options.coordinator.link.time.nowMs()
    this.#beating = new AbortController()
    void this.#beat(member, this.#beating.signal)
  }

  stop(): void {
    this.#beating?.abort()
    this.#state = 'lost'
  }

  /** Takes an error code as it came with this member's heartbeat or commit. */
  learn(errorCode: number): void {
    const before = this.#state
    if (LOST.has(errorCode)) {
      this.stop()
    } else if (errorCode === KafkaErrorCode.rebalanceInProgress) {
      if (before === 'joined') this.#state = 'rebalancing'
    }
    if (this.#state !== before) this.#options.onChange()
  }

  async #beat(member: GroupMember, signal: AbortSignal): Promise<void> {
    const { coordinator, intervalMs } = this.#options
    const { time, logger } = coordinator.link
    for (let failures = 0; ;) {
      const pauseMs = failures === 0 ? intervalMs : Math.min(intervalMs, backoffMs(failures, time.random()))
      await time.wait(pauseMs, signal)
      if (signal.aborted) return
      try {
        const errorCode = await coordinator.ask(heartbeatCall(member), (answer) => [answer])
        if (signal.aborted) return
        failures = 0
        this.#answered(errorCode)
      } catch (error) {
        if (signal.aborted) return
        failures++
        const reason = error instanceof Error ? error.message : String(error)
        const level = isLoud(failures) ? 'warn' : 'debug'
        logger[level]({ groupId: member.groupId, failures }, `heartbeat not answered: ${reason}`)
        if (!(error instanceof StreamsError) || !error.retriable) return this.#fail(error)
      }
    }
  }

  #answered(errorCode: number): void {
    const { coordinator } = this.#options
    this.#answeredAtMs = coordinator.link.time.nowMs()
    if (errorCode === KafkaErrorCode.none) return
    this.learn(errorCode)
    if (LOST.has(errorCode) || errorCode === KafkaErrorCode.rebalanceInProgress) return
    throw kafkaError(errorCode, `group ${coordinator.groupId}: heartbeat`)
  }

  #fail(error: unknown): void {
    this.#failure =
      error instanceof StreamsError
        ? error
        : new StreamsError('protocol', `heartbeat: ${String(error)}`, { cause: error })
    this.#options.onChange()
  }
}
