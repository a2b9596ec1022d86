import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { untilCommitted, type BenchContext } from './bench-context.ts'
import { jobArguments, type JobSettings } from './job-settings.ts'
import { measure, type MeasuredOptions } from './measured-process.ts'
import { sideOf, type Side } from './outcome.ts'
import { peerArguments, type PeerVariant } from './peer.ts'

/** A job as both sides run it, over the same input. */
export interface Job extends Pick<MeasuredOptions, 'wallUntil' | 'cpuUntil' | 'limitMs'> {
  readonly name: 'engine' | 'map' | 'restore' | 'latency' | 'produce'
  readonly input: string
  readonly partitions: number
  readonly warmUp: number
  /** All records of the input. */
  readonly records: number
  readonly windowMs: number
  readonly graceMs: number
  readonly commitIntervalMs: number
  /** Tells runs of a job over the same input apart. */
  readonly variant?: string
  readonly compression?: string
  readonly transactional?: boolean
  /** Resolves when all is done that is to be measured; if left out, when all of the input is committed. */
  readonly untilCommitted?: () => Promise<void>
}

/** One that runs jobs: we, or the peer in one of its configurations. */
export interface Contestant {
  readonly name: string
  /** In the names of its topics. */
  readonly id: string
  /** Where it keeps state on disk. */
  readonly stateDir?: string
  /** The command of a job's process; the job's settings are added to it. */
  command(job: Job['name']): readonly [string, ...string[]]
}

/** A side's figures, and the topic with its results. */
export interface RunSide extends Side {
  readonly output: string
}

const programs = {
  job: fileURLToPath(new URL('bin/job.ts', import.meta.url)),
  produce: fileURLToPath(new URL('bin/produce.ts', import.meta.url)),
}

/** Our side: jobs run in a Node of their own. */
export function tidemark({ host }: BenchContext, settings: Pick<JobSettings, 'profilePath'> = {}): Contestant {
  return {
    name: 'tidemark',
    id: 'tidemark',
    command: (job) => {
      const program = job === 'produce' ? [programs.produce] : [programs.job, job]
      return [host.execPath, '--conditions=@tidemark/source', ...program, ...jobArguments(settings)]
    },
  }
}

/** The peer: jobs run in a Java of their own. */
export function kafkaStreams({ workDir }: BenchContext, variant: PeerVariant): Contestant {
  const { store, heapMb, cache = true, avro = 'generated', projects = false } = variant
  const traits = [store, `${heapMb} MB`]
  if (!cache) traits.push('no cache')
  if (projects) traits.push('projecting')
  if (avro === 'fast') traits.push('fast Avro')
  const id = ['peer', ...traits].join('-').replaceAll(' ', '-').toLowerCase()
  const stateDir = join(workDir, id)
  return {
    name: `Kafka Streams, ${traits.join(', ')}`,
    id,
    stateDir,
    command: (job) => ['java', ...peerArguments(job, variant), ...jobArguments({ store, stateDir, cache, projects })],
  }
}

/** Runs a job of ours once more, under the profiler, which slows it: what it needs then is no figure of ours. */
export async function leaveProfile(context: BenchContext, profilePath: string, job: Job): Promise<void> {
  await runJob(context, tidemark(context, { profilePath }), { ...job, variant: 'profiled' })
}

/** Runs a job and measures it. */
export async function runJob(
  context: BenchContext,
  contestant: Contestant,
  { name, partitions, wallUntil, cpuUntil, limitMs, ...job }: Job,
): Promise<RunSide> {
  const { admin, bootstrapServers, clockS, log } = context
  log(`running ${name} on ${contestant.name} …`)
  const applicationId = [job.input, name, job.variant, contestant.id].filter(Boolean).join('-')
  const output = `${applicationId}-output`
  await admin.createTopics([
    { name: output, partitions },
    { name: `${applicationId}-dlq`, partitions: 1 },
  ])
  const {
    untilCommitted: untilDone = () => untilCommitted(context, { groupId: applicationId, topic: job.input }),
    ...settings
  } = job
  const [command, ...args] = contestant.command(name)
  const figures = await measure({
    command,
    args: [...args, ...jobArguments({ name, applicationId, bootstrapServers, output, ...settings })],
    untilCommitted: untilDone,
    wallUntil,
    cpuUntil,
    clockS,
    limitMs,
  })
  return { ...sideOf(contestant.name, job.records - job.warmUp, figures), output }
}
