import type { FaultAction, FaultRule, KafkaApi } from '@tidemark/testing'

/** What an application sends while it runs, all the time and now and then. */
const often: readonly KafkaApi[] = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'Heartbeat',
  'OffsetCommit',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
]
const seldom: readonly KafkaApi[] = [
  'ApiVersions',
  'OffsetFetch',
  'FindCoordinator',
  'JoinGroup',
  'SyncGroup',
  'LeaveGroup',
  'InitProducerId',
]

/**
 * What an application waits for an answer that was dropped, instead of half a minute, so that a round has time for many of them. It is
 * longer than the delays here, and than a broker takes on a busy machine.
 */
export const requestTimeoutMs = 3_000

/** One in so many of what is sent often. Those without an answer cost a time-out each. */
const faults: readonly (readonly [what: string, on: FaultRule['on'], action: FaultAction, oneIn: number])[] = [
  ['cut off', 'request', 'close', 200],
  ['answered, not heard', 'response', 'close', 200],
  ['late', 'response', { delayMs: 300 }, 100],
  ['dropped', 'request', 'drop', 500],
  ['answered, dropped', 'response', 'drop', 500],
  ['answered, silent from there on', 'response', 'silence', 1_000],
]
/** So many times as often for what is sent seldom, which would hardly meet with any. */
const SELDOM_FACTOR = 5

/** Every kind of request is delayed, dropped and cut off, by chance. */
export function faultRules(): FaultRule[] {
  const rules = (apis: readonly KafkaApi[], factor: number) =>
    apis.flatMap((api) =>
      faults.map(([what, on, action, oneIn]) => {
        return { name: `${api} ${what}`, on, api, probability: factor / oneIn, action }
      }),
    )
  return [...rules(often, 1), ...rules(seldom, SELDOM_FACTOR)]
}
