import type { GroupDescription } from '@tidemark/kafka'
import { formatResetUnderWay, statesNamedIn, type CommittedOffset } from '@tidemark/streams'
import Table from 'cli-table3'
import { RefusedError } from './refused-error.ts'

export interface PartitionLog {
  readonly startOffset: number
  readonly endOffset: number
}

/** What a reset is decided on. */
export interface ApplicationState {
  readonly applicationId: string
  readonly group: GroupDescription
  readonly committed: readonly CommittedOffset[]
  /** All topics and groups of the cluster. */
  readonly topics: readonly string[]
  readonly groups: readonly string[]
  /** Of the topics that it reads, and of those to read again and to empty, by name; one that does not exist is missing. */
  readonly logs: ReadonlyMap<string, readonly PartitionLog[]>
}

export interface ResetRequest {
  /** Read these again from their first record, and leave the other offsets; without it, all offsets go. */
  readonly inputTopics?: readonly string[]
  /** Topics of results to empty. */
  readonly outputs: readonly string[]
}

export type ResetStep =
  | { readonly kind: 'mark-offsets'; readonly offsets: readonly CommittedOffset[] }
  | { readonly kind: 'delete-offsets'; readonly offsets: readonly CommittedOffset[] }
  | { readonly kind: 'rewind'; readonly topic: string; readonly offsets: readonly CommittedOffset[] }
  | { readonly kind: 'delete-changelog'; readonly topic: string }
  | { readonly kind: 'empty-output'; readonly topic: string; readonly records: number }

const NO_GROUP = 'Dead'
const WITHOUT_MEMBERS: ReadonlySet<string> = new Set(['Empty', NO_GROUP])
const MAX_NAMED_MEMBERS = 5
const CHANGELOG_SUFFIX = '-changelog'

/**
 * What has to be done, in this order. Offsets are marked first, of every partition, be there one or not: the broker itself refuses that while a member lives, nothing has been destroyed by
 * then, and no instance goes on from offsets that are marked. So a reset that ends half-way leaves neither state without its offsets, whose records would
 * be counted twice, nor offsets without their state. No step is left over where there is nothing to do. Throws a `RefusedError` for a live group, for
 * topics that do not exist, and for outputs that the application also reads.
 */
export function planReset(state: ApplicationState, { inputTopics, outputs }: ResetRequest): ResetStep[] {
  const { applicationId, logs } = state
  refuseLiveGroup(state.group)
  refuseMissing([...(inputTopics ?? []), ...outputs], logs)
  const read = readTopics(state)
  const both = outputs.find((topic) => read.includes(topic) || inputTopics?.includes(topic))
  if (both !== undefined) {
    throw new RefusedError(
      `topic ${both} is read by ${applicationId}: emptied, there would be nothing to start again from`,
    )
  }
  const changelogs = changelogsOf(state)
  // The broker takes no offset of a topic that was deleted; nothing goes on from one.
  const changed = (inputTopics ?? read).filter((topic) => logs.has(topic))
  const marks = changelogs.length > 0 ? changed.flatMap((topic) => marked(topic, state)) : []
  return [
    ...(marks.length > 0 ? [{ kind: 'mark-offsets', offsets: marks } as const] : []),
    ...changelogs.map((topic): ResetStep => ({ kind: 'delete-changelog', topic })),
    ...offsetSteps(state, inputTopics, marks),
    ...outputs.map((topic): ResetStep => ({ kind: 'empty-output', topic, records: recordsIn(logs.get(topic) ?? []) })),
  ]
}

/** Topics that the application reads, as far as its offsets and the clocks among its state say. */
export function readTopics(state: Omit<ApplicationState, 'logs'>): string[] {
  const clocks = new Set(changelogsOf(state))
  const timed = state.topics.filter((topic) => clocks.has(`${state.applicationId}-clock-${topic}${CHANGELOG_SUFFIX}`))
  return [...new Set([...state.committed.map(({ topic }) => topic), ...timed])]
}

function marked(topic: string, { committed, logs }: ApplicationState): CommittedOffset[] {
  return firstOffsets(topic, logs.get(topic) ?? []).map((first) => {
    const known = committed.find((offset) => offset.topic === topic && offset.partition === first.partition) ?? first
    return { ...known, metadata: formatResetUnderWay(statesNamedIn(known.metadata)) }
  })
}

function offsetSteps(
  { committed, logs }: ApplicationState,
  inputTopics: readonly string[] | undefined,
  marks: readonly CommittedOffset[],
): ResetStep[] {
  if (inputTopics === undefined) {
    const offsets = committed.length > 0 ? committed : marks
    return offsets.length === 0 ? [] : [{ kind: 'delete-offsets', offsets }]
  }
  return inputTopics.map((topic) => ({ kind: 'rewind', topic, offsets: firstOffsets(topic, logs.get(topic) ?? []) }))
}

function refuseLiveGroup({ groupId, state, members }: GroupDescription): void {
  if (WITHOUT_MEMBERS.has(state)) return
  const named = members
    .slice(0, MAX_NAMED_MEMBERS)
    .map(({ clientId, host }) => `${clientId} at ${host.replace(/^\//, '')}`)
  const others = members.length > MAX_NAMED_MEMBERS ? ` and ${members.length - MAX_NAMED_MEMBERS} more` : ''
  const who = named.length === 0 ? `its state is ${state}` : `${named.join(', ')}${others}`
  throw new RefusedError(
    `group ${groupId} has live members (${who}): stop every instance; one that was killed is gone after its session ` +
      'timeout (10 s)',
  )
}

/**
 * Changelogs of the application: those that its commits name, and all that begin with its id. One of another application whose id only begins the same
 * (`orders` and `orders-eu`) is told by its group: what no commit names is that of the longest group id that begins it.
 */
export function changelogsOf({ applicationId, committed, topics, groups }: Omit<ApplicationState, 'logs'>): string[] {
  const longerIds = groups.filter((groupId) => groupId.startsWith(`${applicationId}-`))
  const named = committed.flatMap(({ topic, metadata }) => [`clock-${topic}`, ...statesNamedIn(metadata)])
  const own = new Set(named.map((state) => `${applicationId}-${state}${CHANGELOG_SUFFIX}`))
  return topics.filter(
    (topic) =>
      topic.startsWith(`${applicationId}-`) &&
      topic.endsWith(CHANGELOG_SUFFIX) &&
      topic.length > applicationId.length + CHANGELOG_SUFFIX.length + 1 &&
      (own.has(topic) || !longerIds.some((groupId) => topic.startsWith(`${groupId}-`))),
  )
}

function refuseMissing(wanted: readonly string[], logs: ApplicationState['logs']): void {
  const missing = wanted.filter((topic) => !logs.has(topic))
  if (missing.length === 0) return
  throw new RefusedError(
    `${missing.length === 1 ? 'topic' : 'topics'} ${missing.join(', ')}: no such topic: check the name`,
  )
}

function firstOffsets(topic: string, partitions: readonly PartitionLog[]): CommittedOffset[] {
  return partitions.map(({ startOffset }, partition) => ({ topic, partition, offset: startOffset, metadata: '' }))
}

function recordsIn(partitions: readonly PartitionLog[]): number {
  return partitions.reduce((sum, { startOffset, endOffset }) => sum + endOffset - startOffset, 0)
}

/** The steps as a table. */
export function resetTable(steps: readonly ResetStep[]): string {
  const table = new Table({ head: ['step', 'topic', 'what'], style: { head: [], border: [] } })
  for (const step of steps) table.push(...rowsOf(step))
  return table.toString()
}

function rowsOf(step: ResetStep): [string, string, string][] {
  switch (step.kind) {
    case 'mark-offsets':
      return [['mark offsets', '', 'as those of a reset under way: no instance starts until it has ended']]
    case 'delete-offsets':
      return [...Map.groupBy(step.offsets, ({ topic }) => topic)].map(([topic, offsets]) => [
        'delete offsets',
        topic,
        offsets.map(({ partition, offset }) => `${partition}: ${offset}`).join(', '),
      ])
    case 'rewind': {
      const offsets = step.offsets.map(({ partition, offset }) => `${partition}: ${offset}`)
      return [['read again from', step.topic, offsets.join(', ')]]
    }
    case 'delete-changelog':
      return [['delete changelog', step.topic, 'the whole topic']]
    case 'empty-output':
      return [['empty output', step.topic, `up to ${step.records} records`]]
  }
}
