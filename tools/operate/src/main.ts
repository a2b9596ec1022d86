import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { RegistryError } from '@tidemark/schemas'
import { ConfigError, httpUrl, kafkaConfig, kafkaSettings, loadConfig } from '@tidemark/service'
import { StreamsError } from '@tidemark/streams'
import { describedTopology } from './described-topology.ts'
import { operateActions } from './operate-actions.ts'
import { operateCommand, type OperateActions } from './operate-commands.ts'
import { RefusedError } from './refused-error.ts'

/** Beyond it, an unreachable cluster is an error: somebody waits at the terminal. */
const RETRY_FOR_MS = 15_000

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stopping.signal.aborted) process.exit(1)
    stopping.abort()
    process.stderr.write('stopping in order; once more to exit at once\n')
  })
}

const clock = {
  nowMs: Date.now,
  wait: (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => undefined),
}

const complain = (_fields: object, message: string) => void process.stderr.write(`${message}\n`)
const logger = { debug() {}, info() {}, warn: complain, error: complain }

const print = (text: string) => void process.stdout.write(`${text}\n`)

/** Settings are read when a command runs that needs them. */
function actions(): Omit<OperateActions, 'describe'> {
  const schema = kafkaConfig({ SCHEMA_REGISTRY_URL: httpUrl().optional() })
  const config = loadConfig(schema, process.env)
  return operateActions({
    kafka: { ...kafkaSettings(config), clientId: 'tidemark-operate', retryForMs: RETRY_FOR_MS, logger },
    ...(config.SCHEMA_REGISTRY_URL !== undefined && { registryUrl: config.SCHEMA_REGISTRY_URL }),
    clock,
    signal: stopping.signal,
    print,
    markIncomplete: () => {
      process.exitCode = 1
    },
  })
}

const command = operateCommand(
  {
    list: (request) => actions().list(request),
    show: (request) => actions().show(request),
    replay: (request) => actions().replay(request),
    reset: (request) => actions().reset(request),
    describe: async (request) => {
      const path = modulePath(request.module)
      print(describedTopology((await import(pathToFileURL(path).href)) as Record<string, unknown>, request))
    },
  },
  clock.nowMs,
)

try {
  await command.parseAsync()
} catch (error) {
  process.stderr.write(`${described(error)}\n`)
  process.exitCode = 1
}

function modulePath(module: string): string {
  const path = resolve(module)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new RefusedError(`there is no module ${path}`)
  if (found.isFile() && /\.[cm]?[jt]s$/.test(path)) return path
  throw new RefusedError(
    `${module} is no module: give a file of TypeScript or JavaScript (.ts, .mts, .cts, .js, .mjs, .cjs)`,
  )
}

/** These messages are meant to be read as they are; anything else is a bug, shown with its stack. */
function described(error: unknown): string {
  const readable = [RefusedError, StreamsError, RegistryError, ConfigError].some((kind) => error instanceof kind)
  if (readable) return `error: ${(error as Error).message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
