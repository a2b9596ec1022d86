import { dirname, resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { lineProgress, onStopSignals, StackError, terminalProgress } from '@tidemark/stack'
import type { Alert } from '@tidemark/schemas'
import { createLogUpdate } from 'log-update'
import { figuresLine, metricsTable, progressLine } from './console-view.ts'
import type { PipelineProgress } from './drain.ts'
import { readFigures, untilDrained } from './follow.ts'
import { startCommand, type StartOptions } from './start-options.ts'
import { summaryLines } from './summary.ts'
import { startTidemark, type Surroundings, type Tidemark } from './tidemark.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const isTerminal = process.stdout.isTTY
const REFRESH_MS = isTerminal ? 1_000 : 5_000

const giveUp = new AbortController()
const asked = Promise.withResolvers<void>()
onStopSignals(process, {
  stop: () => {
    giveUp.abort()
    asked.resolve()
  },
  exitAtOnce: () => process.exit(1), // servers and apps end with this process, whatever ends it
  nowMs: () => performance.now(),
})

const print = (line: string) => void process.stdout.write(`${line}\n`)
const terminal = isTerminal ? terminalProgress(process.stdout) : undefined
const surroundings: Surroundings = {
  host: process,
  root,
  log: terminal?.log ?? print,
  progress: terminal ?? lineProgress({ write: print }),
  signal: giveUp.signal,
  nowMs: () => performance.now(),
  wait: (ms) => delay(ms),
}

try {
  await startCommand(run).parseAsync()
} catch (error) {
  // A message of the stack is meant to be read as it is; anything else is a bug, shown with its stack.
  const isStop = giveUp.signal.aborted && error instanceof StackError && error.code === 'stopped'
  if (!isStop) process.stderr.write(`${error instanceof StackError ? error.message : describe(error)}\n`)
  process.exitCode = isStop ? 0 : 1
}

async function run(options: StartOptions): Promise<void> {
  const tidemark = await startTidemark(options, surroundings)
  try {
    printAddresses(tidemark)
    const job = options.exitWhenDrained ? drain(tidemark) : show(tidemark)
    await Promise.race([asked.promise, tidemark.failed, job])
  } finally {
    giveUp.abort()
    surroundings.log('stopping …')
    await tidemark.stop()
  }
}

async function drain(tidemark: Tidemark): Promise<void> {
  let nextLineMs = 0
  const show = (progress: PipelineProgress) => {
    if (surroundings.nowMs() < nextLineMs) return
    nextLineMs = surroundings.nowMs() + REFRESH_MS
    surroundings.log(progressLine(progress))
  }
  const summary = await untilDrained(tidemark, { ...surroundings, show })
  if (giveUp.signal.aborted) return
  print('')
  for (const line of summaryLines(summary)) print(line)
  if (summary.lost > 0) process.exitCode = 1
}

/** The live view: a table in a terminal, a line now and then elsewhere. Goes on until everything stops. */
async function show(tidemark: Tidemark): Promise<void> {
  const update = createLogUpdate(process.stdout)
  const alerts: Alert[] = []
  while (!giveUp.signal.aborted) {
    await Promise.race([surroundings.wait(REFRESH_MS), asked.promise])
    if (giveUp.signal.aborted) break
    const figures = await readFigures(tidemark, (alert) => alerts.push(alert))
    if (isTerminal) {
      const recent = alerts.slice(-5).map(({ text }) => `! ${text}`)
      update([metricsTable(tidemark.reader.latest.values()), ...recent, figuresLine(figures)].join('\n'))
    } else {
      for (const { text } of alerts.splice(0)) print(`! ${text}`)
      print(figuresLine(figures))
    }
  }
}

function printAddresses({ stack, source, apps }: Tidemark): void {
  const { log } = surroundings
  log(`source     ${source.description} (${source.symbols.join(', ')})`)
  log(`Kafka      ${stack.bootstrapServers}`)
  log(`registry   ${stack.registryUrl}`)
  log(`InfluxDB   ${stack.influxUrl} (org tidemark, bucket market, token tidemark-dev-token)`)
  if (source.simulatorPort !== undefined) log(`simulator  http://127.0.0.1:${source.simulatorPort}/simulator/status`)
  for (const { name, healthPort } of apps) log(`${name.padEnd(18)} http://127.0.0.1:${healthPort}/health`)
  log(`data, logs ${stack.dataDir}`)
  void stack.influx.then((influx) => influx.available && log('InfluxDB is ready: the sink catches up'))
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
