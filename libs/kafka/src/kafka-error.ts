import { StreamsError, type StreamsErrorCode, type TopicPartition } from '@tidemark/streams'

/** The error codes of Kafka's protocol that are acted upon one by one. */
export const KafkaErrorCode = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeaderOrFollower: 6,
  messageTooLarge: 10,
  offsetMetadataTooLarge: 12,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  duplicateSequenceNumber: 46,
  concurrentTransactions: 51,
  operationNotAttempted: 55,
  memberIdRequired: 79,
  fencedInstanceId: 82,
} as const

interface Meaning {
  readonly name: string
  readonly code: StreamsErrorCode
  readonly retriable: boolean
  readonly cause: string
}

type Row = readonly [errorCode: number, name: string, code: StreamsErrorCode, retry: 'retry' | 'stop', cause: string]

const ROWS: readonly Row[] = [
  [-1, 'UNKNOWN_SERVER_ERROR', 'protocol', 'stop', 'the broker failed on it: its own log says why'],
  [1, 'OFFSET_OUT_OF_RANGE', 'offset-out-of-range', 'stop', 'the offset is no longer, or not yet, in the log'],
  [2, 'CORRUPT_MESSAGE', 'corrupt-batch', 'stop', 'the broker found a wrong checksum or a missing key'],
  [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'topic-missing', 'retry', 'it does not exist, or the broker does not know it yet'],
  [5, 'LEADER_NOT_AVAILABLE', 'broker-unavailable', 'retry', 'a leader is being elected'],
  [6, 'NOT_LEADER_OR_FOLLOWER', 'broker-unavailable', 'retry', 'it is led by another broker now'],
  [7, 'REQUEST_TIMED_OUT', 'broker-unavailable', 'retry', 'the replicas did not acknowledge in time'],
  [8, 'BROKER_NOT_AVAILABLE', 'broker-unavailable', 'retry', 'the broker is down'],
  [9, 'REPLICA_NOT_AVAILABLE', 'broker-unavailable', 'retry', 'a replica is down'],
  [10, 'MESSAGE_TOO_LARGE', 'record-too-large', 'stop', "it exceeds the topic's max.message.bytes"],
  [
    12,
    'OFFSET_METADATA_TOO_LARGE',
    'commit-metadata-too-large',
    'stop',
    "it exceeds the broker's offset.metadata.max.bytes",
  ],
  [13, 'NETWORK_EXCEPTION', 'broker-unavailable', 'retry', 'the broker lost a connection'],
  [14, 'COORDINATOR_LOAD_IN_PROGRESS', 'broker-unavailable', 'retry', 'the coordinator is starting'],
  [
    15,
    'COORDINATOR_NOT_AVAILABLE',
    'broker-unavailable',
    'retry',
    'the coordinator is starting, or its internal topic has no leader',
  ],
  [16, 'NOT_COORDINATOR', 'broker-unavailable', 'retry', 'another broker coordinates now'],
  [17, 'INVALID_TOPIC_EXCEPTION', 'topic-missing', 'stop', 'the topic name is not allowed'],
  [18, 'RECORD_LIST_TOO_LARGE', 'record-too-large', 'stop', "a batch exceeds the topic's segment.bytes"],
  [19, 'NOT_ENOUGH_REPLICAS', 'broker-unavailable', 'retry', 'fewer replicas are in sync than min.insync.replicas'],
  [
    20,
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'broker-unavailable',
    'retry',
    'fewer replicas are in sync than min.insync.replicas',
  ],
  [22, 'ILLEGAL_GENERATION', 'group-lost', 'stop', 'the group has rebalanced without this member'],
  [
    23,
    'INCONSISTENT_GROUP_PROTOCOL',
    'protocol',
    'stop',
    'the group has members of another kind of client: use another group id',
  ],
  [24, 'INVALID_GROUP_ID', 'protocol', 'stop', 'the group id is empty or not allowed'],
  [
    25,
    'UNKNOWN_MEMBER_ID',
    'group-lost',
    'stop',
    'the member was silent for longer than its session timeout, and its partitions went to others',
  ],
  [
    26,
    'INVALID_SESSION_TIMEOUT',
    'protocol',
    'stop',
    "sessionTimeoutMs is outside of the broker's group.min.session.timeout.ms and group.max.session.timeout.ms",
  ],
  [27, 'REBALANCE_IN_PROGRESS', 'group-lost', 'stop', 'the group is rebalancing: the next poll takes part'],
  [29, 'TOPIC_AUTHORIZATION_FAILED', 'not-authorised', 'stop', 'this user may not access the topic'],
  [30, 'GROUP_AUTHORIZATION_FAILED', 'not-authorised', 'stop', 'this user may not use the group'],
  [31, 'CLUSTER_AUTHORIZATION_FAILED', 'not-authorised', 'stop', 'this user may not do this in the cluster'],
  [32, 'INVALID_TIMESTAMP', 'protocol', 'stop', "a record's time is outside of what the topic accepts"],
  [35, 'UNSUPPORTED_VERSION', 'protocol', 'stop', 'the broker is too old, or too new'],
  [41, 'NOT_CONTROLLER', 'broker-unavailable', 'retry', 'another broker is the controller now'],
  [43, 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'protocol', 'stop', 'the topic uses a message format before v2'],
  [44, 'POLICY_VIOLATION', 'protocol', 'stop', "the broker's policy forbids it"],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'fenced', 'stop', 'an earlier batch of this producer is missing in the log'],
  [46, 'DUPLICATE_SEQUENCE_NUMBER', 'protocol', 'stop', 'the batch is in the log already'],
  [47, 'INVALID_PRODUCER_EPOCH', 'fenced', 'stop', 'a newer producer with the same id has taken over'],
  [
    48,
    'INVALID_TXN_STATE',
    'fenced',
    'stop',
    'the transaction was ended by a newer producer, or by the broker after its timeout',
  ],
  [
    49,
    'INVALID_PRODUCER_ID_MAPPING',
    'fenced',
    'stop',
    'the transactional id has another producer id by now, or was forgotten after transactional.id.expiration.ms',
  ],
  [
    50,
    'INVALID_TRANSACTION_TIMEOUT',
    'protocol',
    'stop',
    "transactionTimeoutMs is above the broker's transaction.max.timeout.ms",
  ],
  [51, 'CONCURRENT_TRANSACTIONS', 'broker-unavailable', 'retry', 'the transaction before it is still being ended'],
  [
    53,
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'not-authorised',
    'stop',
    'this user may not write under the transactional id',
  ],
  [55, 'OPERATION_NOT_ATTEMPTED', 'broker-unavailable', 'retry', 'another partition of the same request was refused'],
  [56, 'KAFKA_STORAGE_ERROR', 'broker-unavailable', 'retry', "the broker's disk failed"],
  [
    59,
    'UNKNOWN_PRODUCER_ID',
    'fenced',
    'stop',
    'the broker has forgotten this producer: its records are gone by retention',
  ],
  [72, 'LISTENER_NOT_FOUND', 'broker-unavailable', 'retry', 'the leader has no such listener yet'],
  [74, 'FENCED_LEADER_EPOCH', 'broker-unavailable', 'retry', 'a new leader was elected'],
  [75, 'UNKNOWN_LEADER_EPOCH', 'broker-unavailable', 'retry', 'the broker does not know the new leader yet'],
  [
    76,
    'UNSUPPORTED_COMPRESSION_TYPE',
    'protocol',
    'stop',
    'the broker does not serve this compression to this version of the request',
  ],
  [78, 'OFFSET_NOT_AVAILABLE', 'broker-unavailable', 'retry', 'a new leader is catching up'],
  [79, 'MEMBER_ID_REQUIRED', 'protocol', 'retry', 'a new member has to join with the id it is given'],
  [
    81,
    'GROUP_MAX_SIZE_REACHED',
    'limit-reached',
    'stop',
    "the group has as many members as the broker's group.max.size",
  ],
  [82, 'FENCED_INSTANCE_ID', 'group-lost', 'stop', 'another member has the same instance id'],
  [
    87,
    'INVALID_RECORD',
    'protocol',
    'stop',
    'the broker refused a record, such as one without key for a compacted topic',
  ],
  [88, 'UNSTABLE_OFFSET_COMMIT', 'broker-unavailable', 'retry', 'a transaction that commits these offsets is open'],
  [89, 'THROTTLING_QUOTA_EXCEEDED', 'broker-unavailable', 'retry', 'a quota is used up'],
  [90, 'PRODUCER_FENCED', 'fenced', 'stop', 'a newer producer with the same id has taken over'],
  [100, 'UNKNOWN_TOPIC_ID', 'topic-missing', 'retry', 'the topic was deleted, or the broker does not know it yet'],
]

const MEANINGS = new Map<number, Meaning>(
  ROWS.map(([errorCode, name, code, retry, cause]) => [errorCode, { name, code, retriable: retry === 'retry', cause }]),
)

/** What an error code stands for. Total: one that is not in the table is an error of the protocol, and stops. */
export function kafkaErrorMeaning(errorCode: number): Meaning {
  return (
    MEANINGS.get(errorCode) ?? {
      name: `error code ${errorCode}`,
      code: 'protocol',
      retriable: false,
      cause: 'not expected in answer to this request',
    }
  )
}

/** The error for a code that is not zero. `subject` names what was asked for; `detail` is the broker's own text. */
export function kafkaError(errorCode: number, subject: string, detail?: string | null): StreamsError {
  const { name, code, retriable, cause } = kafkaErrorMeaning(errorCode)
  return new StreamsError(code, `${subject}: ${name}: ${detail ?? cause}`, { retriable })
}

/** `topic trades partition 3`, as every message names it. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `topic ${topic} partition ${partition}`
}
