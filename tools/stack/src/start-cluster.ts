import { freePort } from './free-ports.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { openDataFolder, type DataFolder } from './data-folder.ts'
import { fetchKafka } from './fetch-kafka.ts'
import { chooseJava, findJavas } from './java.ts'
import { askKafka, type KafkaView } from './kafka-probe.ts'
import type { KafkaNode } from './kafka-properties.ts'
import { clusterIdOf, startKafka, type KafkaOptions } from './kafka-server.ts'
import { makeContext, throwIfStopped, type LaunchContext, type LaunchOptions } from './launch-context.ts'
import type { Server } from './server.ts'
import { StackError } from './stack-error.ts'
import { kafkaMinJava, kafkaVersion } from './versions.ts'

export interface ClusterOptions extends LaunchOptions {
  /** Everything the brokers keep; a second start on the same dir, with as many brokers, goes on with it. */
  readonly dataDir: string
  /** Three if left out, of which one can be away: topics then have three replicas, of which two must be in sync. */
  readonly brokers?: number
  /** Of each broker; 256 if left out. */
  readonly heapMb?: number
  /** How long each start of a broker may take, `untilReplaced` and `untilInSync`. */
  readonly readyTimeoutMs?: number
  /** How long a broker that was killed is waited for before others lead its partitions; 6 s if left out. */
  readonly brokerSessionTimeoutMs?: number
}

/** Kafka brokers on loopback that can be ended and started one by one. */
export interface Cluster {
  readonly dataDir: string
  /** Of all brokers, those that are away included. */
  readonly bootstrapServers: string
  /** Their node ids, from 1. */
  readonly brokerIds: readonly number[]
  /** Resolves when a broker ends by itself; the cluster is then best stopped. */
  readonly failure: Promise<StackError>
  /** SIGKILL; resolves when it is gone. Others lead its partitions after the broker session timeout. Nothing to do for one that is away. */
  killBroker(brokerId: number): Promise<void>
  /** A clean stop: others lead its partitions before it is gone. Nothing to do for one that is away. */
  stopBroker(brokerId: number): Promise<void>
  /** Starts one that is away, on its port and data; resolves when it serves clients, `untilInSync` tells when it has caught up. */
  startBroker(brokerId: number): Promise<void>
  /** Resolves when the others know that a broker is away, and lead what it led; rejects with a `StackError` after the ready timeout. */
  untilReplaced(brokerId: number): Promise<void>
  /** Resolves when every partition has a leader and all its replicas are in sync; rejects with a `StackError` after the ready timeout. */
  untilInSync(): Promise<void>
  /** Stops all brokers; resolves when none is left. May be called again. */
  stop(): Promise<void>
}

const defaults = { brokers: 3, heapMb: 256, readyTimeoutMs: 120_000, brokerSessionTimeoutMs: 6_000 }
const pollMs = 100

/**
 * Starts a cluster of Kafka brokers on free ports, each broker and controller in one, and resolves when all serve clients. Rejects with a
 * `StackError` as `startStack` does; whatever was started is stopped then. The brokers end with this process, kill -9 included.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const giveUp = new AbortController()
  const context = makeContext(options, giveUp.signal)
  const folder = await openDataFolder(options.host, options.dataDir)
  const shared = await prepare(context, folder, options).catch(async (error: unknown) => {
    await folder.release()
    throw error
  })
  return startBrokers(new Brokers({ context, folder, giveUp, ...shared }))
}

type Shared = Omit<KafkaOptions, 'name' | 'node'>

async function prepare(context: LaunchContext, folder: DataFolder, options: ClusterOptions): Promise<Shared> {
  const { brokers, heapMb, readyTimeoutMs, brokerSessionTimeoutMs } = { ...defaults, ...options }
  if (!Number.isInteger(brokers) || brokers < 1) throw new RangeError(`a cluster of ${brokers} brokers`)
  const java = chooseJava(await findJavas(options.host.env), {
    server: `Kafka ${kafkaVersion}`,
    minMajor: kafkaMinJava,
  })
  const nodes: KafkaNode[] = []
  for (let nodeId = 1; nodeId <= brokers; nodeId++) {
    nodes.push({ nodeId, port: await freePort(), controllerPort: await freePort() })
  }
  return {
    java,
    jars: await fetchKafka(context),
    nodes,
    clusterId: await clusterIdOf(folder, nodes.map(nameOf)),
    brokerSessionTimeoutMs,
    heapMb,
    // Each of several collectors would start a thread for every core.
    jvmOptions: ['-XX:+UseSerialGC'],
    readyTimeoutMs,
  }
}

async function startBrokers(brokers: Brokers): Promise<Cluster> {
  const { nodes, folder } = brokers.parts
  try {
    await Promise.all(nodes.map(({ nodeId }) => brokers.start(nodeId)))
  } catch (error) {
    await brokers.stopAll()
    throw error
  }
  return {
    dataDir: folder.path,
    bootstrapServers: nodes.map(({ port }) => `127.0.0.1:${port}`).join(),
    brokerIds: nodes.map(({ nodeId }) => nodeId),
    failure: brokers.failure,
    killBroker: (brokerId) => brokers.end(brokerId, 'kill'),
    stopBroker: (brokerId) => brokers.end(brokerId, 'stop'),
    startBroker: (brokerId) => brokers.start(brokerId),
    untilReplaced: (brokerId) => brokers.untilReplaced(brokerId),
    untilInSync: () => brokers.untilInSync(),
    stop: () => brokers.stopAll(),
  }
}

interface Parts extends Shared {
  readonly context: LaunchContext
  readonly folder: DataFolder
  readonly giveUp: AbortController
}

class Brokers {
  readonly parts: Parts
  readonly failure: Promise<StackError>
  readonly #fail: (error: StackError) => void
  readonly #running = new Map<number, Promise<Server>>()
  #stopping: Promise<void> | undefined

  constructor(parts: Parts) {
    this.parts = parts
    const { promise, resolve } = Promise.withResolvers<StackError>()
    this.failure = promise
    this.#fail = resolve
  }

  async start(brokerId: number): Promise<void> {
    const node = this.#nodeOf(brokerId)
    if (this.#running.has(brokerId)) throw new RangeError(`broker ${brokerId} runs already`)
    const { context, folder, giveUp: _, ...kafka } = this.parts
    const starting = startKafka(context, folder, { ...kafka, name: nameOf(node), node })
    this.#running.set(brokerId, starting)
    try {
      const server = await starting
      void server.failed.then(this.#fail)
    } catch (error) {
      this.#running.delete(brokerId)
      throw error
    }
  }

  async end(brokerId: number, way: 'stop' | 'kill'): Promise<void> {
    this.#nodeOf(brokerId)
    const server = await this.#running.get(brokerId)
    await server?.[way]()
    this.#running.delete(brokerId)
  }

  async untilReplaced(brokerId: number): Promise<void> {
    this.#nodeOf(brokerId)
    await this.#until(({ brokers }) => !brokers.includes(brokerId), `without broker ${brokerId}`)
  }

  async untilInSync(): Promise<void> {
    const { length } = this.parts.nodes
    await this.#until(({ brokers, lagging }) => brokers.length === length && lagging === 0, 'in sync')
  }

  /** Until it is true for all brokers that answer: they learn of each other's fate one after the other. */
  async #until(isTrue: (view: KafkaView) => boolean, what: string): Promise<void> {
    const { nodes, readyTimeoutMs, context } = this.parts
    const deadlineMs = Date.now() + readyTimeoutMs
    let views = await this.#views()
    while (views.length === 0 || !views.every(isTrue)) {
      throwIfStopped(context.signal)
      if (Date.now() > deadlineMs) {
        const up = Math.min(...views.map(({ brokers }) => brokers.length))
        const lagging = Math.max(...views.map((view) => view.lagging))
        const state =
          views.length === 0
            ? 'no broker answers'
            : `${up} of ${nodes.length} brokers are up, ${lagging} partitions lag`
        throw new StackError(
          'server-not-ready',
          `the cluster was not ${what} after ${Math.round(readyTimeoutMs / 1000)} s: ${state}`,
        )
      }
      await delay(pollMs)
      views = await this.#views()
    }
  }

  stopAll(): Promise<void> {
    return (this.#stopping ??= this.#stopAll())
  }

  async #stopAll(): Promise<void> {
    const { giveUp, folder } = this.parts
    giveUp.abort()
    const servers = await Promise.allSettled(this.#running.values())
    const running = servers.flatMap((server) => (server.status === 'fulfilled' ? [server.value] : []))
    await Promise.all(running.map((server) => server.stop()))
    await folder.release()
  }

  async #views(): Promise<KafkaView[]> {
    const views = await Promise.all(this.parts.nodes.map(({ port }) => askKafka(port, 'all')))
    return views.filter((view) => view !== undefined)
  }

  #nodeOf(brokerId: number): KafkaNode {
    const node = this.parts.nodes.find(({ nodeId }) => nodeId === brokerId)
    if (node === undefined)
      throw new RangeError(`there is no broker ${brokerId}: they are 1 to ${this.parts.nodes.length}`)
    return node
  }
}

function nameOf({ nodeId }: KafkaNode): string {
  return `kafka-${nodeId}`
}
