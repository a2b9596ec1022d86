import type { DataFolder } from './data-folder.ts'
import { fetchKafka } from './fetch-kafka.ts'
import { fetchRegistry } from './fetch-registry.ts'
import { findInfluxd } from './find-influxd.ts'
import { startInflux } from './influx-server.ts'
import { chooseJava, type Java } from './java.ts'
import { clusterIdOf, startKafka } from './kafka-server.ts'
import type { LaunchContext } from './launch-context.ts'
import type { PortName, StackPorts } from './ports.ts'
import { startRegistry } from './registry-server.ts'
import type { Server } from './server.ts'
import { StackError } from './stack-error.ts'
import { kafkaMinJava, kafkaVersion, registryReleases, type RegistryRelease } from './versions.ts'

export const serviceNames = ['kafka', 'registry', 'influx'] as const
export type ServiceName = (typeof serviceNames)[number]

/** The ports each service listens on. */
export const portsOfService: Readonly<Record<ServiceName, readonly PortName[]>> = {
  kafka: ['kafka', 'kafkaController'],
  registry: ['registry', 'registryManagement'],
  influx: ['influx'],
}

/** All that the launchers have to know. */
export interface LaunchPlan {
  readonly ports: StackPorts
  readonly services: readonly ServiceName[]
  readonly heapMb: { readonly kafka: number; readonly registry: number }
  readonly kafkaJvmOptions: readonly string[]
  readonly readyTimeoutMs: number
  readonly retentionSeconds: number
  readonly javas: readonly Java[]
}

type Launcher = (context: LaunchContext, folder: DataFolder, plan: LaunchPlan) => Promise<Server>

/** Each fetches or builds its server where it is missing, starts it and resolves when it is ready. */
export const launchers: Readonly<Record<ServiceName, Launcher>> = {
  async kafka(context, folder, { ports, heapMb, kafkaJvmOptions, readyTimeoutMs, javas }) {
    const java = chooseJava(javas, { server: `Kafka ${kafkaVersion}`, minMajor: kafkaMinJava })
    const node = { nodeId: 1, port: ports.kafka, controllerPort: ports.kafkaController }
    return startKafka(context, folder, {
      java,
      jars: await fetchKafka(context),
      name: 'kafka',
      node,
      nodes: [node],
      clusterId: await clusterIdOf(folder, ['kafka']),
      // A machine that is busy with tests starves the broker; fencing the only one then helps nobody.
      brokerSessionTimeoutMs: 30_000,
      heapMb: heapMb.kafka,
      jvmOptions: kafkaJvmOptions,
      readyTimeoutMs,
    })
  },
  async registry(context, folder, { ports, heapMb, readyTimeoutMs, javas }) {
    const { java, release } = chooseRegistry(javas, context.log)
    return startRegistry(context, folder, {
      java,
      release,
      program: await fetchRegistry(context, release),
      port: ports.registry,
      managementPort: ports.registryManagement,
      heapMb: heapMb.registry,
      readyTimeoutMs,
    })
  },
  async influx(context, folder, { ports, readyTimeoutMs, retentionSeconds }) {
    const influxd = await findInfluxd(context)
    if (!influxd.ok) throw new StackError('fetch-failed', influxd.issue)
    return startInflux(context, folder, { program: influxd.path, port: ports.influx, retentionSeconds, readyTimeoutMs })
  },
}

/** The newest release for which there is a Java. */
export function chooseRegistry(
  javas: readonly Java[],
  log: (line: string) => void,
): { readonly java: Java; readonly release: RegistryRelease } {
  const [preferred] = registryReleases
  for (const release of registryReleases) {
    const java = javas.find(({ major }) => major >= release.minJava)
    if (java === undefined) continue
    if (release !== preferred)
      log(
        `no Java ${preferred?.minJava} found: taking schema registry ${release.version}, which runs on Java ${java.major}`,
      )
    return { java, release }
  }
  const oldest = Math.min(...registryReleases.map(({ minJava }) => minJava))
  return {
    java: chooseJava(javas, { server: 'the schema registry', minMajor: oldest }),
    release: registryReleases.at(-1)!,
  }
}
