import { randomBytes } from 'node:crypto'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DataFolder } from './data-folder.ts'
import type { Java } from './java.ts'
import type { LaunchContext } from './launch-context.ts'
import { runTool } from './run-tool.ts'
import { startServer, type Server } from './server.ts'
import { StackError } from './stack-error.ts'

export interface KafkaOptions {
  readonly java: Java
  /** Folder with the jars. */
  readonly jars: string
  readonly port: number
  readonly controllerPort: number
  readonly heapMb: number
  readonly jvmOptions: readonly string[]
  readonly readyTimeoutMs: number
}

const loggingPath = fileURLToPath(new URL('../kafka/log4j2.yaml', import.meta.url))

/** Starts one Kafka node, broker and controller in one (KRaft); its data dir is formatted the first time only. */
export async function startKafka(context: LaunchContext, folder: DataFolder, options: KafkaOptions): Promise<Server> {
  const { java, jars, port, heapMb, jvmOptions, readyTimeoutMs } = options
  const home = join(folder.path, 'kafka')
  const logDir = join(home, 'data')
  await mkdir(logDir, { recursive: true })
  const properties = join(home, 'server.properties')
  await writeFile(properties, kafkaProperties({ ...options, logDir }))
  const jvm = [
    `-Xmx${heapMb}m`,
    // The first-tier compiler alone halves the processor time of a start.
    '-XX:TieredStopAtLevel=1',
    ...jvmOptions,
    `-Dlog4j2.configurationFile=${loggingPath}`,
    '-cp',
    join(jars, '*'),
  ]
  if (!(await exists(join(logDir, 'meta.properties')))) await format(context, { java, jvm, properties })
  return startServer(context, folder, {
    title: 'Kafka',
    name: 'kafka',
    command: java.path,
    args: [...jvm, 'kafka.Kafka', properties],
    isReady: () => answersApiVersions(port),
    readyTimeoutMs,
  })
}

/** Settings of one node for development: quick to start and to rebalance, one replica, and no topic by typing error. */
export function kafkaProperties(options: {
  readonly port: number
  readonly controllerPort: number
  readonly logDir: string
}): string {
  const { port, controllerPort, logDir } = options
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    // Fixed voters, so that a data dir can move to other ports: a dynamic quorum keeps the controller's address in its log.
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logDir,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // The default of 50 partitions each makes the first consumer and the first transaction wait for seconds.
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.num.partitions': 8,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    // A machine that is busy with tests starves the broker; fencing it then helps nobody.
    'broker.session.timeout.ms': 30_000,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function format(
  context: LaunchContext,
  { java, jvm, properties }: { readonly java: Java; readonly jvm: readonly string[]; readonly properties: string },
): Promise<void> {
  const clusterId = newClusterId(randomBytes(16))
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

/** ApiVersions v0 with correlation id 1 and no client id (Kafka protocol guide): the request every client begins with. */
const apiVersionsRequest = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])
const responseHeadBytes = 10
const probeLimitMs = 5_000

/** Whether a Kafka broker answers on the port: its correlation id comes back, with no error. */
async function answersApiVersions(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let head = Buffer.alloc(0)
    const settle = (isKafka: boolean): void => {
      socket.destroy()
      resolve(isKafka)
    }
    socket.setTimeout(probeLimitMs, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('close', () => settle(false))
    socket.once('connect', () => socket.write(apiVersionsRequest))
    socket.on('data', (chunk) => {
      head = Buffer.concat([head, chunk])
      if (head.length >= responseHeadBytes) settle(head.readInt32BE(4) === 1 && head.readInt16BE(8) === 0)
    })
  })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** A cluster's id as Kafka writes it. One in 64 would begin with a dash, which the formatting tool takes for an option. */
export function newClusterId(bytes: Buffer): string {
  return bytes.toString('base64url').replace(/^-/, 'A')
}
