import { StreamsError, type TopicPartition } from '@tidemark/streams'
import { batchByteLength, writeBatch, type SequencedBatch } from './batch-writer.ts'
import type { ClusterLink } from './cluster-link.ts'
import { partitionKey } from './fetch-positions.ts'
import { KafkaErrorCode, kafkaError, partitionName } from './kafka-error.ts'
import { produceCall, type ProducedPartition } from './protocol/produce.ts'
import { backoffMs, isLoud } from './retry.ts'

export interface ProduceRunOptions {
  readonly link: ClusterLink
  readonly deliveryTimeoutMs: number
  /** Of the transaction that the batches are part of; null outside of one. */
  readonly transactionalId: string | null
  /** What a request that was not answered rejects with: an error that is not retriable ends the run. */
  whenLost?(error: unknown): unknown
}

/** A request takes batches of several partitions until it has this much, or one batch that is larger. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024
/** How long a broker may wait for its replicas. */
const REPLICATION_TIMEOUT_MS = 15_000

interface Lane extends TopicPartition {
  readonly queue: SequencedBatch[]
}

/**
 * Brings the batches of one `send` to their leaders: one request under way at each leader, with at most one batch of a
 * partition in it, so that a batch is repeated before the next one of its partition is sent. That keeps order and sequence.
 */
export class ProduceRun {
  readonly #options: ProduceRunOptions
  readonly #lanes = new Map<string, Lane>()
  #failures = 0

  constructor(options: ProduceRunOptions) {
    this.#options = options
  }

  /** Batches of a partition go out in the order they are added. */
  add(batch: SequencedBatch): void {
    const { topic, partition } = batch.batch
    const key = partitionKey({ topic, partition })
    const lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, { topic, partition, queue: [batch] })
    else lane.queue.push(batch)
  }

  /** Resolves when all are acknowledged. Rejects with the first error that is not transient, or that lasts too long. */
  async finished(): Promise<void> {
    const { link, deliveryTimeoutMs } = this.#options
    const deadlineMs = link.time.nowMs() + deliveryTimeoutMs
    for (;;) {
      const lanes = [...this.#lanes.values()].filter(({ queue }) => queue.length > 0)
      if (lanes.length === 0) return
      const failure = await this.#round(lanes)
      if (failure === undefined) continue
      if (link.signal.aborted) throw new StreamsError('broker-unavailable', 'the producer was closed while sending')
      const delayMs = backoffMs(++this.#failures, link.time.random())
      if (link.time.nowMs() + delayMs > deadlineMs) {
        const spent = `not acknowledged within ${deliveryTimeoutMs} ms (deliveryTimeoutMs)`
        throw new StreamsError('retries-exhausted', `${spent}: ${failure.message}`, { cause: failure })
      }
      const level = isLoud(this.#failures) ? 'warn' : 'debug'
      link.logger[level]({ code: failure.code, attempt: this.#failures }, `sending again: ${failure.message}`)
      await link.time.wait(delayMs, link.signal)
    }
  }

  /** Works on all leaders at once until their lanes are empty or fail; a transient failure is returned, others thrown. */
  async #round(lanes: readonly Lane[]): Promise<StreamsError | undefined> {
    const { link } = this.#options
    try {
      const unknown = lanes.filter((lane) => link.leaderOf(lane) === undefined)
      if (unknown.length > 0) await link.refresh([...new Set(unknown.map(({ topic }) => topic))])
    } catch (error) {
      return transient(error)
    }
    const byLeader = new Map<number, Lane[]>()
    let failure: StreamsError | undefined
    for (const lane of lanes) {
      const leader = link.leaderOf(lane)
      if (leader === undefined) failure = leaderless(lane)
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), lane])
    }
    const outcomes = await Promise.allSettled([...byLeader].map(([nodeId, led]) => this.#drain(nodeId, led)))
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') failure = transient(outcome.reason)
    }
    return failure
  }

  async #drain(nodeId: number, lanes: readonly Lane[]): Promise<void> {
    const { link } = this.#options
    for (let open = lanes; open.length > 0; open = open.filter(({ queue }) => queue.length > 0)) {
      const chosen = fitting(open)
      try {
        await this.#request(nodeId, chosen)
      } catch (error) {
        for (const { topic } of chosen) link.forget(topic)
        throw error
      }
      // The lanes that were left out come first the next time.
      open = [...open.filter((lane) => !chosen.includes(lane)), ...chosen]
    }
  }

  async #request(nodeId: number, lanes: readonly Lane[]): Promise<void> {
    const partitions = lanes.map(({ topic, partition, queue }) => {
      const batch = queue[0] as SequencedBatch
      return {
        topic,
        partition,
        recordsBytes: batchByteLength(batch),
        writeRecords: (writer: Parameters<typeof writeBatch>[0]) => writeBatch(writer, batch),
      }
    })
    const { link, transactionalId, whenLost } = this.#options
    const call = produceCall({ timeoutMs: REPLICATION_TIMEOUT_MS, transactionalId, partitions })
    const produced = await link.send(nodeId, call).catch((error: unknown) => {
      throw whenLost === undefined ? error : whenLost(error)
    })
    let failure: StreamsError | undefined
    for (const lane of lanes) {
      const answer = produced.find(({ topic, partition }) => topic === lane.topic && partition === lane.partition)
      const error = answer === undefined ? unanswered(lane) : refusal(answer, lane.queue[0] as SequencedBatch)
      if (error === undefined) lane.queue.shift()
      else if (failure === undefined || failure.retriable) failure = error
    }
    if (failure !== undefined) throw failure
    this.#failures = 0
  }
}

/** As many lanes as fit in one request, at least one. */
function fitting(lanes: readonly Lane[]): Lane[] {
  const chosen: Lane[] = []
  let bytes = 0
  for (const lane of lanes) {
    bytes += batchByteLength(lane.queue[0] as SequencedBatch)
    if (chosen.length > 0 && bytes > MAX_REQUEST_BYTES) break
    chosen.push(lane)
  }
  return chosen
}

/** A batch that the log has already, from a request whose answer was lost, is as good as written. */
function refusal(answer: ProducedPartition, batch: SequencedBatch): StreamsError | undefined {
  const { errorCode, errorMessage } = answer
  if (errorCode === KafkaErrorCode.none || errorCode === KafkaErrorCode.duplicateSequenceNumber) return undefined
  const subject = `${partitionName(answer)}: a batch of ${batch.batch.count} records, ${batchByteLength(batch)} bytes`
  if (errorCode !== KafkaErrorCode.messageTooLarge) return kafkaError(errorCode, subject, errorMessage)
  return kafkaError(errorCode, subject)
}

function unanswered(lane: Lane): StreamsError {
  return new StreamsError('protocol', `${partitionName(lane)}: the broker's answer leaves it out`)
}

function leaderless(lane: Lane): StreamsError {
  const subject = partitionName(lane)
  return new StreamsError('broker-unavailable', `${subject} has no leader, or does not exist`, { retriable: true })
}

function transient(error: unknown): StreamsError {
  if (error instanceof StreamsError && error.retriable) return error
  throw error
}
