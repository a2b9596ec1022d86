import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { untilCommitted, type BenchContext } from './bench-context.ts'
import { jobArguments, type JobSettings } from './job-settings.ts'
import { measure, type MeasuredOptions } from './measured-process.ts'
import { sideOf, type Side } from './outcome.ts'
import { peerArguments, type PeerVariant } from './peer.ts'

/** A job as both sides run it, over the same input. */
export interface Job {
  readonly name: 'engine' | 'map'
  readonly input: string
  readonly partitions: number
  readonly warmUp: number
  /** All records of the input. */
  readonly records: number
  readonly windowMs: number
  readonly graceMs: number
  readonly commitIntervalMs: number
  readonly wallUntil: MeasuredOptions['wallUntil']
  readonly limitMs: number
}

/** A side's figures, and the topic with its results. */
export interface RunSide extends Side {
  readonly output: string
}

const program = fileURLToPath(new URL('bin/job.ts', import.meta.url))

/** Runs a job on our side, in a Node of its own. */
export async function runTidemark(
  context: BenchContext,
  job: Job,
  settings: Pick<JobSettings, 'profilePath'> = {},
): Promise<RunSide> {
  const node = [context.host.execPath, '--conditions=@tidemark/source', program, job.name, ...jobArguments(settings)]
  return runSide(context, job, { name: 'tidemark', applicationId: `${job.input}-${job.name}-tidemark`, command: node })
}

/** Runs a job on the peer's side, in a Java of its own. */
export async function runPeer(context: BenchContext, job: Job, variant: PeerVariant): Promise<RunSide> {
  const { store, heapMb } = variant
  const applicationId = `${job.input}-${job.name}-peer-${store}-${heapMb}`
  const settings = { store, stateDir: join(context.workDir, applicationId) }
  const java = ['java', ...peerArguments(job.name, heapMb), ...jobArguments(settings)]
  return runSide(context, job, { name: `Kafka Streams, ${store}, ${heapMb} MB`, applicationId, command: java })
}

async function runSide(
  context: BenchContext,
  job: Job,
  side: { readonly name: string; readonly applicationId: string; readonly command: readonly string[] },
): Promise<RunSide> {
  const { admin, bootstrapServers, clockS, log } = context
  const { input, warmUp, records, windowMs, graceMs, commitIntervalMs, partitions, wallUntil, limitMs } = job
  const { name, applicationId } = side
  log(`running ${job.name} on ${name} …`)
  const output = `${applicationId}-output`
  await admin.createTopics([
    { name: output, partitions },
    { name: `${applicationId}-dlq`, partitions: 1 },
  ])
  const settings = {
    applicationId,
    bootstrapServers,
    input,
    output,
    warmUp,
    records,
    windowMs,
    graceMs,
    commitIntervalMs,
  }
  const [command = '', ...args] = side.command
  const figures = await measure({
    command,
    args: [...args, ...jobArguments(settings)],
    untilCommitted: () => untilCommitted(context, applicationId, input),
    wallUntil,
    clockS,
    limitMs,
  })
  return { ...sideOf(name, records - warmUp, figures), output }
}
