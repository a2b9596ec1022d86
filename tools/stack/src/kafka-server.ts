import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { classArchive } from './class-archive.ts'
import type { DataFolder } from './data-folder.ts'
import type { Java } from './java.ts'
import { askKafka } from './kafka-probe.ts'
import { kafkaProperties, type KafkaNode } from './kafka-properties.ts'
import type { LaunchContext } from './launch-context.ts'
import { runTool } from './run-tool.ts'
import { startServer, type Server } from './server.ts'
import { StackError } from './stack-error.ts'

export interface KafkaOptions {
  readonly java: Java
  /** Folder with the jars. */
  readonly jars: string
  /** As in file names, and the node's folder in the data dir: `kafka`. */
  readonly name: string
  readonly node: KafkaNode
  /** All nodes of the cluster, this one among them. */
  readonly nodes: readonly KafkaNode[]
  /** Of the whole cluster; for a data dir that is formatted already, the one it has. */
  readonly clusterId: string
  readonly brokerSessionTimeoutMs: number
  readonly heapMb: number
  readonly jvmOptions: readonly string[]
  readonly readyTimeoutMs: number
}

const loggingPath = fileURLToPath(new URL('../kafka/log4j2.yaml', import.meta.url))

/**
 * Starts one Kafka node, broker and controller in one (KRaft), and resolves when it serves its clients, for which a majority of the
 * nodes has to run; its data dir is formatted the first time only.
 */
export async function startKafka(context: LaunchContext, folder: DataFolder, options: KafkaOptions): Promise<Server> {
  const { java, jars, name, node, nodes, heapMb, jvmOptions, readyTimeoutMs } = options
  const home = join(folder.path, name)
  const logDir = join(home, 'data')
  await mkdir(logDir, { recursive: true })
  const properties = join(home, 'server.properties')
  await writeFile(properties, kafkaProperties({ ...options, logDir }))
  const draft = join(home, 'classes.jsa')
  const classes = await classArchive({ host: context.host, java, name: 'kafka', program: jars, draft })
  const jvm = [
    ...classes.read,
    `-Xmx${heapMb}m`,
    // The first-tier compiler alone halves the processor time of a start.
    '-XX:TieredStopAtLevel=1',
    ...jvmOptions,
    `-Dlog4j2.configurationFile=${loggingPath}`,
    '-cp',
    join(jars, '*'),
  ]
  if ((await readClusterId(folder, name)) === undefined) await format(context, { ...options, jvm, properties })
  return startServer(context, folder, {
    title: nodes.length === 1 ? 'Kafka' : `Kafka broker ${node.nodeId}`,
    name,
    command: java.path,
    args: [...classes.write, ...jvm, 'kafka.Kafka', properties],
    isReady: async () => (await askKafka(node.port, 'none'))?.brokers.includes(node.nodeId) === true,
    readyTimeoutMs,
    onStopped: classes.keep,
  })
}

async function format(
  context: LaunchContext,
  options: Pick<KafkaOptions, 'java' | 'clusterId'> & { readonly jvm: readonly string[]; readonly properties: string },
): Promise<void> {
  const { java, clusterId, jvm, properties } = options
  const { exitCode, tail } = await runTool(context, {
    command: java.path,
    args: [...jvm, 'kafka.tools.StorageTool', 'format', '--ignore-formatted', '-t', clusterId, '-c', properties],
  })
  if (exitCode !== 0)
    throw new StackError(
      'setup-failed',
      `Kafka's data dir could not be formatted (${properties}); the tool said last:\n${tail}`,
    )
}

/** The cluster's id that the first of these nodes with formatted data has, else a new one. */
export async function clusterIdOf(folder: DataFolder, names: readonly string[]): Promise<string> {
  const known = await Promise.all(names.map((name) => readClusterId(folder, name)))
  return known.find((id) => id !== undefined) ?? newClusterId(randomBytes(16))
}

/** Undefined where a node has no formatted data; empty where it does not say its cluster's id. */
async function readClusterId(folder: DataFolder, name: string): Promise<string | undefined> {
  const path = join(folder.path, name, 'data', 'meta.properties')
  const meta = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  })
  return meta === undefined ? undefined : (/^cluster\.id=(.*)$/m.exec(meta)?.[1] ?? '')
}

/** A cluster's id as Kafka writes it. One in 64 would begin with a dash, which the formatting tool takes for an option. */
export function newClusterId(bytes: Buffer): string {
  return bytes.toString('base64url').replace(/^-/, 'A')
}
