import { join, resolve } from 'node:path'
import { kafkaPorts } from '@tidemark/kafka'
import { avroCodec, connectRegistry, topicNames, valueSubject } from '@tidemark/schemas'
import {
  checkPortFree,
  prepareTopics,
  stackEnvironment,
  startStack,
  type Host,
  type Progress,
  type Stack,
} from '@tidemark/stack'
import { appDefinitions, type AppDefinition } from './app-definitions.ts'
import { appPorts, type AppPorts } from './app-ports.ts'
import { AppProcess } from './app-process.ts'
import { PipelineReader } from './pipeline-reader.ts'
import type { StartOptions } from './start-options.ts'
import { openSource, type OpenSource } from './trade-source.ts'

export interface Surroundings {
  readonly host: Host
  /** The repository: apps are started from here. */
  readonly root: string
  readonly log: (line: string) => void
  readonly progress: Progress
  /** Aborted when everything is to stop. */
  readonly signal: AbortSignal
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** Everything that `npm start` runs, up. */
export interface Tidemark {
  readonly stack: Stack
  readonly source: OpenSource
  readonly ports: AppPorts
  readonly apps: readonly AppDefinition[]
  readonly reader: PipelineReader
  /** Rejects when a server or an app can't be kept running. */
  readonly failed: Promise<never>
  stop(): Promise<void>
}

/** Starts servers, source and apps in the order in which they need each other. What was started is stopped if one fails. */
export async function startTidemark(options: StartOptions, surroundings: Surroundings): Promise<Tidemark> {
  const { host, log, progress, signal } = surroundings
  const dataDir = resolve(surroundings.root, options.dataDir)
  const ports = appPorts(options.portBase)
  const apps = appDefinitions(ports)
  await checkPorts(options, ports, apps)
  const stack = await startStack({ host, dataDir, portBase: options.portBase, log, progress, signal })
  const starter = new AppStarter(surroundings, stack)
  const closing: (() => Promise<void>)[] = [() => stack.stop(), () => starter.stop()]
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const startSimulator = (args: readonly string[]) =>
      starter.start('exchange-simulator', 'tools/exchange-simulator/src/main.ts', { args })
    const [source] = await Promise.all([
      openSource(options, { ...surroundings, port: ports.simulator, env: host.env, startSimulator }),
      prepareTopics(stack),
    ])
    const startApp = ({ name, entry, healthPort }: AppDefinition) =>
      starter.start(name, entry, { env: { ...appEnvironment(source), HEALTH_PORT: String(healthPort) } })
    for (const app of apps) if (!app.needsInflux) startApp(app)
    void stack.influx.then(({ available }) => {
      if (available && !signal.aborted) for (const app of apps) if (app.needsInflux) startApp(app)
    })
    const kafka = kafkaPorts({ bootstrapServers: stack.bootstrapServers, clientId: 'tidemark-start' })
    closing.push(() => kafka.close())
    const failed = Promise.race([stack.failure.then((error) => Promise.reject(error)), starter.failed])
    return { stack, source, ports, apps, reader: pipelineReader(stack, kafka.logReader()), failed, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Those of the servers are checked by the stack; these would be found taken only when it is up. */
async function checkPorts(
  options: StartOptions,
  { simulator }: AppPorts,
  apps: readonly AppDefinition[],
): Promise<void> {
  if (options.source.kind !== 'live') await checkPortFree(simulator, { server: 'the exchange simulator' })
  for (const { name, healthPort } of apps) await checkPortFree(healthPort, { server: name })
}

/** What the apps are told beside the addresses of the servers. The user's own environment has all other settings. */
function appEnvironment({ url, symbols, simulatorPort }: OpenSource): NodeJS.ProcessEnv {
  // Past trades of the real market must not get into a simulated one.
  const simulated = { BINANCE_REST_URL: `http://127.0.0.1:${simulatorPort}`, SYMBOLS_FILE: '' }
  const own = { BINANCE_WS_URL: url, SYMBOLS: symbols.join(','), HEALTH_HOST: '127.0.0.1' }
  return simulatorPort === undefined ? own : { ...own, ...simulated }
}

function pipelineReader(stack: Stack, logReader: ConstructorParameters<typeof PipelineReader>[0]): PipelineReader {
  const registry = connectRegistry({ url: stack.registryUrl })
  return new PipelineReader(logReader, {
    trade: avroCodec('Trade', { registry, subject: valueSubject(topicNames.binanceTrades) }),
    metrics: avroCodec('MarketMetrics', { registry, subject: valueSubject(topicNames.marketMetrics) }),
    alert: avroCodec('Alert', { registry, subject: valueSubject(topicNames.alerts) }),
  })
}

/** Starts programs of this repository, and knows all that it has started. */
class AppStarter {
  readonly failed: Promise<never>
  readonly #surroundings: Surroundings
  readonly #stack: Stack
  readonly #running: AppProcess[] = []
  readonly #fail: (error: unknown) => void

  constructor(surroundings: Surroundings, stack: Stack) {
    this.#surroundings = surroundings
    this.#stack = stack
    const { promise, reject } = Promise.withResolvers<never>()
    this.failed = promise
    this.failed.catch(() => undefined)
    this.#fail = reject
  }

  start(
    name: string,
    entry: string,
    { args = [], env = {} }: { args?: readonly string[]; env?: NodeJS.ProcessEnv },
  ): AppProcess {
    const { host, root, log, nowMs, wait } = this.#surroundings
    const app = new AppProcess({
      name,
      args: ['--conditions=@tidemark/source', join(root, entry), ...args],
      env: { ...host.env, ...stackEnvironment(this.#stack), ...env },
      cwd: root,
      logFile: join(this.#stack.dataDir, 'logs', `${name}.log`),
      host,
      log,
      nowMs,
      wait,
    })
    app.ended.catch(this.#fail)
    this.#running.push(app)
    return app
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((app) => app.stop()))
  }
}
