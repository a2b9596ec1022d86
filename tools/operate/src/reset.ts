import type { KafkaAdmin, KafkaOperations } from '@tidemark/kafka'
import type { LogReaderPort } from '@tidemark/streams'
import {
  planReset,
  readTopics,
  type ApplicationState,
  type PartitionLog,
  type ResetRequest,
  type ResetStep,
} from './reset-plan.ts'

/** What a reset needs of a cluster. */
export interface ResetCluster {
  readonly operations: Pick<
    KafkaOperations,
    'listTopics' | 'listGroups' | 'describeGroup' | 'committedOffsets' | 'setOffsets' | 'deleteGroup' | 'emptyTopic'
  >
  readonly admin: Pick<KafkaAdmin, 'deleteTopics'>
  readonly reader: Pick<LogReaderPort, 'offsets'>
}

/** Looks at an application and decides what its reset has to do; changes nothing. Rejects as `planReset` throws. */
export async function resetSteps(
  cluster: ResetCluster,
  applicationId: string,
  request: ResetRequest,
): Promise<ResetStep[]> {
  return planReset(await applicationState(cluster, applicationId, request), request)
}

/** Does the steps, one after the other, telling of each when it is done. Done again after a failure, it does what is left. */
export async function executeReset(
  { operations, admin }: Pick<ResetCluster, 'operations' | 'admin'>,
  {
    applicationId,
    steps,
    onDone,
  }: { applicationId: string; steps: readonly ResetStep[]; onDone(step: ResetStep): void },
): Promise<void> {
  for (const step of steps) {
    switch (step.kind) {
      case 'delete-offsets':
        await operations.deleteGroup(applicationId)
        break
      case 'mark-offsets':
      case 'rewind':
        await operations.setOffsets(applicationId, step.offsets)
        break
      case 'delete-changelog':
        await admin.deleteTopics([step.topic])
        break
      case 'empty-output':
        await operations.emptyTopic(step.topic)
    }
    onDone(step)
  }
}

async function applicationState(
  { operations, reader }: ResetCluster,
  applicationId: string,
  { inputTopics = [], outputs }: ResetRequest,
): Promise<ApplicationState> {
  const group = await operations.describeGroup(applicationId)
  const committed = await operations.committedOffsets(applicationId)
  const topics = await operations.listTopics()
  const groups = await operations.listGroups()
  const known = { applicationId, group, committed, topics, groups }
  const logs = new Map<string, readonly PartitionLog[]>()
  for (const topic of new Set([...readTopics(known), ...inputTopics, ...outputs])) {
    if (topics.includes(topic)) logs.set(topic, await reader.offsets(topic))
  }
  return { ...known, logs }
}
