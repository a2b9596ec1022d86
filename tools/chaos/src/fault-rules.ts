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
  'CreateTopics',
  'DescribeConfigs',
]

/**
 * What an application waits for an answer that was dropped, instead of half a minute, so that a round has time for many of them. It is
 * longer than the delays here, and than a broker takes on a busy machine.
 */
export const requestTimeoutMs = 3_000

interface Kind {
  readonly what: string
  readonly on: FaultRule['on']
  readonly action: FaultAction
  /** One in so many of what is sent often. Those without an answer cost a time-out each. */
  readonly oneIn: number
}

const late: FaultAction = { delayMs: 300 }
const cutOff: Kind = { what: 'cut off', on: 'request', action: 'close', oneIn: 200 }
const dropped: Kind = { what: 'dropped', on: 'request', action: 'drop', oneIn: 500 }
const lateThere: Kind = { what: 'late at the broker', on: 'request', action: late, oneIn: 200 }
const notHeard: Kind = { what: 'answered, not heard', on: 'response', action: 'close', oneIn: 200 }
const answeredLate: Kind = { what: 'answered late', on: 'response', action: late, oneIn: 100 }
const answerDropped: Kind = { what: 'answered, dropped', on: 'response', action: 'drop', oneIn: 500 }
const silent: Kind = { what: 'answered, silent from there on', on: 'response', action: 'silence', oneIn: 1_000 }
const kinds = [cutOff, dropped, lateThere, notHeard, answeredLate, answerDropped, silent]

/** So many times as often for what is sent seldom, which would hardly meet with any. */
const SELDOM_FACTOR = 5

/** Every kind of request is delayed, dropped and cut off, by chance. */
export function faultRules(): FaultRule[] {
  const rules = (apis: readonly KafkaApi[], factor: number) =>
    apis.flatMap((api) =>
      kinds.map(({ what, on, action, oneIn }) => {
        return { name: `${api} ${what}`, on, api, probability: factor / oneIn, action }
      }),
    )
  return [...rules(often, 1), ...rules(seldom, SELDOM_FACTOR)]
}

/** What strikes in turns, two requests and two responses of each API in a round: more in a row would be more than is tried again. */
const requestTurns = [
  [cutOff, dropped],
  [cutOff, lateThere],
  [dropped, lateThere],
] as const
const responseTurns = [
  [notHeard, answeredLate],
  [answerDropped, silent],
  [answeredLate, notHeard],
  [silent, answerDropped],
] as const
const inTurn = ' in turn'

/** Rules to stand before those of chance: three turns in a row have every kind of fault, for what is sent as seldom as once in a round. */
export function faultRulesOfTurn(turn: number): FaultRule[] {
  const struck = [...requestTurns[turn % requestTurns.length]!, ...responseTurns[turn % responseTurns.length]!]
  const rules = (apis: readonly KafkaApi[], nth: number) =>
    apis.flatMap((api) =>
      struck.map(({ what, on, action }) => ({ name: `${api} ${what}${inTurn}`, on, api, nth, action })),
    )
  return [...rules(often, 3), ...rules(seldom, 1)]
}

/** What went through a proxy. */
export interface Swept {
  readonly requests: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
}

/** The kinds of faults that no request of an API met with, of all APIs that were used: what the proofs have not shown. */
export function neverStruck(swept: readonly Swept[]): string[] {
  const used = new Set(swept.flatMap(({ requests }) => Object.keys(requests)))
  const struck = new Set(swept.flatMap(({ faults }) => Object.keys(faults).map((name) => name.replace(inTurn, ''))))
  return [...used].flatMap((api) => kinds.map(({ what }) => `${api} ${what}`)).filter((name) => !struck.has(name))
}
