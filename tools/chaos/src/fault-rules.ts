import type { FaultRule, KafkaApi } from '@tidemark/testing'

/** What an application sends while it runs. */
const apis: readonly KafkaApi[] = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'FindCoordinator',
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'InitProducerId',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
]

/** One request in 200 of each kind is never sent, one answer in 200 is never heard, one in 100 is late. */
export function faultRules(): FaultRule[] {
  return apis.flatMap((api): FaultRule[] => [
    { name: `${api} cut off`, on: 'request', api, probability: 0.005, action: 'close' },
    { name: `${api} answered, not heard`, on: 'response', api, probability: 0.005, action: 'close' },
    { name: `${api} late`, on: 'response', api, probability: 0.01, action: { delayMs: 300 } },
  ])
}
