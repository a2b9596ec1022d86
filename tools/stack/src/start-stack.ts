import { openDataFolder } from './data-folder.ts'
import { fetchKafka } from './fetch-kafka.ts'
import { fetchRegistry } from './fetch-registry.ts'
import { findInfluxd } from './find-influxd.ts'
import { influxSetup, influxUrl, parseRetentionSeconds } from './influx-server.ts'
import { findJavas } from './java.ts'
import { makeContext, type Host } from './launch-context.ts'
import { checkPortsFree, planPorts, type StackPorts } from './ports.ts'
import type { Progress } from './progress.ts'
import { registryUrl } from './registry-server.ts'
import type { Server } from './server.ts'
import {
  chooseRegistry,
  launchers,
  portsOfService,
  serviceNames,
  type LaunchPlan,
  type ServiceName,
} from './services.ts'
import { StackError } from './stack-error.ts'

export interface StackOptions {
  /** The process that owns the stack: pass `process`. */
  readonly host: Host
  /** Everything the servers keep; a second start on the same dir goes on with it, on other ports too. */
  readonly dataDir: string
  /** Moves all ports: the stack takes `portsFromBase` of them from here, see `portOffsets`. */
  readonly portBase?: number | undefined
  /** Moves single ports; wins over `portBase`. */
  readonly ports?: Partial<StackPorts>
  /** What to start; all of it by default. */
  readonly services?: readonly ServiceName[]
  readonly heapMb?: { readonly kafka?: number; readonly registry?: number }
  /** Added to Kafka's Java options, for measurements. */
  readonly kafkaJvmOptions?: readonly string[]
  /** How long each server may take to be ready: a busy machine takes several times as long as an idle one. */
  readonly readyTimeoutMs?: number
  readonly log?: (line: string) => void
  readonly progress?: Progress
  /** Gives up a start that is under way, and a build of InfluxDB. */
  readonly signal?: AbortSignal
}

/** Whether there is an InfluxDB; all else works without, so a missing one is not an error. */
export type InfluxOutcome =
  | {
      readonly available: true
      readonly url: string
      readonly org: string
      readonly bucket: string
      readonly token: string
    }
  | { readonly available: false; readonly reason: string }

/** A running stack: real servers on loopback. */
export interface Stack {
  readonly dataDir: string
  readonly ports: StackPorts
  /** Kafka's address as clients take it. */
  readonly bootstrapServers: string
  /** The registry's Confluent-compatible API, whole, with its path. */
  readonly registryUrl: string
  readonly influxUrl: string
  /** Settles when InfluxDB is ready, or can't be: minutes after the rest where it has to be built first. Never rejects. */
  readonly influx: Promise<InfluxOutcome>
  /** Resolves when a server ends that nobody has stopped; the stack is then best stopped. */
  readonly failure: Promise<StackError>
  /** Stops all servers, and a build under way; resolves when none is left. May be called again. */
  stop(): Promise<void>
}

const defaultReadyTimeoutMs = 120_000
const defaultHeapMb = { kafka: 512, registry: 256 }

/**
 * Starts Kafka and the registry at once and resolves when both answer; InfluxDB joins by its own promise. Rejects with a
 * `StackError` that says what to do: a port is taken, Java or Maven is missing or too old, the data dir is in use or not
 * writable, a server ended early. Whatever was started is stopped then. The servers end with this process, kill -9 included.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const plan = await makePlan(options)
  const { ports, services } = plan
  const giveUp = new AbortController()
  const context = makeContext(options, giveUp.signal)
  const folder = await openDataFolder(options.host, options.dataDir)

  const launches: Promise<Server>[] = []
  let stopping: Promise<void> | undefined
  const end = async (): Promise<void> => {
    giveUp.abort()
    const settled = await Promise.allSettled(launches)
    const servers = settled.flatMap((launch) => (launch.status === 'fulfilled' ? [launch.value] : []))
    await Promise.all(servers.map((server) => server.stop()))
    await folder.release()
  }
  const stop = (): Promise<void> => (stopping ??= end())
  const failures: Promise<StackError>[] = []
  const launch = (name: ServiceName): Promise<Server> => {
    const started = launchers[name](context, folder, plan)
    launches.push(started)
    return started
  }
  try {
    await checkPortsFree(
      ports,
      services.flatMap((name) => portsOfService[name]),
    )
    const influx = services.includes('influx')
      ? influxOutcome(launch('influx'), { ports, log: context.log })
      : undefined
    const needed = services.filter((name) => name !== 'influx').map(launch)
    await Promise.all(needed)
    for (const started of launches) failures.push(started.then(({ failed }) => failed, never))
    return {
      dataDir: folder.path,
      ports,
      bootstrapServers: `127.0.0.1:${ports.kafka}`,
      registryUrl: registryUrl(ports.registry),
      influxUrl: influxUrl(ports.influx),
      influx: influx ?? Promise.resolve({ available: false, reason: 'InfluxDB was not asked for' }),
      failure: Promise.race(failures),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Fetches and builds every server that is not in the cache yet; resolves to whether there is an InfluxDB. */
export async function fetchServers(
  options: Omit<StackOptions, 'dataDir'>,
): Promise<{ readonly influxIssue: string | undefined }> {
  const context = makeContext(options, new AbortController().signal)
  const { release } = chooseRegistry(await findJavas(options.host.env), context.log)
  const [influxd] = await Promise.all([findInfluxd(context), fetchKafka(context), fetchRegistry(context, release)])
  return { influxIssue: influxd.ok ? undefined : influxd.issue }
}

async function makePlan(options: StackOptions): Promise<LaunchPlan> {
  const { services = serviceNames, host } = options
  return {
    services,
    ports: planPorts({ base: options.portBase, ...(options.ports && { ports: options.ports }) }),
    heapMb: { ...defaultHeapMb, ...options.heapMb },
    kafkaJvmOptions: options.kafkaJvmOptions ?? [],
    readyTimeoutMs: options.readyTimeoutMs ?? defaultReadyTimeoutMs,
    retentionSeconds: parseRetentionSeconds(host.env['INFLUX_RETENTION']),
    javas: services.some((name) => name !== 'influx') ? await findJavas(host.env) : [],
  }
}

async function influxOutcome(
  launch: Promise<Server>,
  { ports, log }: { readonly ports: StackPorts; readonly log: (line: string) => void },
): Promise<InfluxOutcome> {
  try {
    await launch
    return { available: true, url: influxUrl(ports.influx), ...influxSetup }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (!(error instanceof StackError && error.code === 'stopped')) log(`going on without InfluxDB: ${reason}`)
    return { available: false, reason }
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}
