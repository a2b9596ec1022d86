import { setTimeout as delay } from 'node:timers/promises'
import type { DestinationStream } from 'pino'
import type { z } from 'zod'
import { ConfigError, WRONG_SETTINGS_EXIT_CODE, loadConfig, printableConfig, type Environment } from './config.ts'
import type { LogLevel } from './fields.ts'
import { startHealthServer, type HealthServer, type HealthSource } from './health-server.ts'
import { createLogger, type Logger } from './logger.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { StopRequestedError } from './unless-stopped.ts'

/** A started service: how it is, when it ended, how to stop it. */
export interface RunningService extends HealthSource {
  /** Resolves when the service has ended, by `stop` or by itself; rejects where it failed. */
  readonly done: Promise<void>
  /** Finishes what is begun and resolves when nothing is left. */
  stop(): Promise<void>
}

/** What a service is started with. */
export interface ServiceContext<Config> {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
  /** Aborted when the process is asked to stop: a start that waits for something must give up then. */
  readonly signal: AbortSignal
}

/** The part of Node's `process` that a service needs. */
export interface ProcessBindings {
  readonly env: Environment
  readonly stderr: { write(text: string): unknown }
  on(event: string, listener: (cause: unknown) => void): unknown
  exit(code: number): unknown
}

interface ServiceConfig {
  readonly HEALTH_PORT: number
  readonly HEALTH_HOST: string
  readonly LOG_LEVEL: LogLevel
}

export interface ServiceOptions<S extends z.ZodObject> {
  readonly name: string
  /** Has the fields of `serviceFields`. */
  readonly config: S
  readonly process: ProcessBindings
  start(context: ServiceContext<z.output<S>>): Promise<RunningService>
  /** How long stopping may take before the process exits with 1. Default 25,000: within the 30 s an orchestrator gives. */
  readonly stopTimeoutMs?: number
  readonly logDestination?: DestinationStream
  /** Default: a timer. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

const defaultStopTimeoutMs = 25_000
const exitCodes = { SIGINT: 130, SIGTERM: 143 }

/**
 * Runs a service for as long as the process lives: reads the settings, opens the health server, starts the service, and stops it
 * on SIGTERM or SIGINT. Calls `process.exit` with 0 after a stop or a normal end, with 78 where a setting is wrong (a `ConfigError`, also one of
 * the start), and with 1 after a failed start, a failed service, an uncaught error or a stop that took too long. A second signal exits at once.
 */
export async function runService<S extends z.ZodObject>(options: ServiceOptions<S>): Promise<void> {
  const { process, name } = options
  let config: z.output<S>
  try {
    config = loadConfig(options.config, process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return refuse(options, error)
  }
  const service = config as unknown as ServiceConfig
  const destination = options.logDestination === undefined ? {} : { destination: options.logDestination }
  const logger = createLogger({ name, level: service.LOG_LEVEL, ...destination })
  logger.info({ config: printableConfig(options.config, config) }, 'starting')
  const stopping = new AbortController()
  listenToProcess(process, logger, stopping)
  try {
    await lifetime(options, { config, logger, metrics: createMetrics(), signal: stopping.signal })
  } catch (err) {
    if (err instanceof ConfigError) return refuse(options, err)
    logger.fatal({ err }, `${name} failed: exit with 1`)
    process.exit(1)
    return
  }
  logger.info('stopped')
  process.exit(0)
}

/** What is wrong with the settings is for whoever has written them: no line of the log, but plain text. */
function refuse({ name, process }: Pick<ServiceOptions<z.ZodObject>, 'name' | 'process'>, error: ConfigError): void {
  process.stderr.write(`${name}: ${error.message}\n`)
  process.exit(WRONG_SETTINGS_EXIT_CODE)
}

function listenToProcess(process: ProcessBindings, logger: Logger, stopping: AbortController): void {
  for (const [name, exitCode] of Object.entries(exitCodes)) {
    process.on(name, () => {
      if (stopping.signal.aborted) {
        logger.warn(`second signal (${name}): exit at once`)
        process.exit(exitCode)
      } else {
        logger.info(`${name}: stopping`)
        stopping.abort()
      }
    })
  }
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (cause) => {
      logger.fatal({ err: cause }, `${event}: exit with 1`)
      process.exit(1)
    })
  }
}

/** From the start to the end of the service. Rejects where any part of it failed. */
async function lifetime<S extends z.ZodObject>(
  options: ServiceOptions<S>,
  context: ServiceContext<z.output<S>>,
): Promise<void> {
  const { signal, metrics } = context
  const { HEALTH_PORT: port, HEALTH_HOST: host } = context.config as unknown as ServiceConfig
  let running: RunningService | undefined
  let health: HealthServer | undefined
  const stopRequested = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  const run = async (): Promise<void> => {
    health = await startHealthServer({ port, host, metrics, ...healthOf(() => running, signal) })
    context.logger.info({ port: health.port }, 'health is served')
    try {
      running = await options.start(context)
    } catch (error) {
      if (signal.aborted) return // giving up was asked for
      throw error
    }
    await Promise.race([running.done, stopRequested])
    if (signal.aborted) await running.stop()
    await running.done.catch((err: unknown) => {
      if (!signal.aborted || !isCausedByStop(err)) throw err
      context.logger.warn({ err }, 'stopped with work left over for the next start')
    })
  }
  try {
    await withStopTimeout(run(), stopRequested, options)
  } finally {
    await health?.close()
  }
}

function isCausedByStop(error: unknown): boolean {
  return error instanceof StopRequestedError || (error instanceof Error && isCausedByStop(error.cause))
}

function healthOf(running: () => RunningService | undefined, signal: AbortSignal): HealthSource {
  return {
    health() {
      const report = running()?.health() ?? { status: 'starting' }
      return signal.aborted ? { ...report, status: 'stopping' } : report
    },
    live: () => running()?.live() ?? true,
    ready: () => !signal.aborted && (running()?.ready() ?? false),
  }
}

async function withStopTimeout<S extends z.ZodObject>(
  run: Promise<void>,
  stopRequested: Promise<void>,
  { stopTimeoutMs = defaultStopTimeoutMs, wait }: ServiceOptions<S>,
): Promise<void> {
  const finished = new AbortController()
  const timer = wait ?? ((ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }))
  const tooLong = stopRequested.then(async () => {
    await timer(stopTimeoutMs, finished.signal)
    throw new Error(`stopping took longer than ${stopTimeoutMs} ms: something did not finish`)
  })
  tooLong.catch(() => undefined) // read through the race only
  try {
    await Promise.race([run, tooLong])
  } finally {
    finished.abort()
  }
}
