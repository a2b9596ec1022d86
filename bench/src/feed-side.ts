import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Host } from '@tidemark/stack'
import type { Percentiles } from './percentiles.ts'
import { bucketsOf, percentilesBetween } from './prometheus-histogram.ts'

const programs = {
  producer: fileURLToPath(new URL('../../apps/trade-producer/src/main.ts', import.meta.url)),
  bare: fileURLToPath(new URL('bin/bare-feed.ts', import.meta.url)),
}
const ACKNOWLEDGED = 'tidemark_producer_receive_to_acknowledged_seconds'
const TAIL_LINES = 20

/** A running feed: a process of its own, and what it says of itself. */
export interface FeedSide {
  readonly pid: number
  /** What is measured begins now. */
  begin(): Promise<void>
  /** From a frame's arrival in the process to the broker's answer to the request that its trade is in, since `begin`. */
  acknowledged(): Promise<Percentiles>
  stop(): Promise<void>
}

/** trade-producer, as it is started in production. */
export async function producerSide(
  host: Host,
  env: NodeJS.ProcessEnv,
  profileDir: string | undefined,
): Promise<FeedSide> {
  const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
  const child = spawn(host.execPath, [...profiling, '--conditions=@tidemark/source', programs.producer], {
    env: { ...host.env, ...env, HEALTH_PORT: '0', HEALTH_HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const tail: string[] = []
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout })
      .on('line', (line) => {
        if (tail.push(line) > TAIL_LINES) tail.shift()
        const { msg, port: served } = JSON.parse(line) as { msg: string; port?: number }
        if (msg === 'health is served' && served !== undefined) resolve(served)
      })
      .on('close', () => reject(new Error(`trade-producer ended; it said last:\n${tail.join('\n')}`)))
  })
  const buckets = async () => bucketsOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), ACKNOWLEDGED)
  let before: Awaited<ReturnType<typeof buckets>> = new Map()
  return {
    pid: child.pid!,
    begin: async () => void (before = await buckets()),
    acknowledged: async () => percentilesBetween(before, await buckets()),
    stop: () => ended(child),
  }
}

export interface BareSettings {
  readonly url: string
  readonly bootstrapServers: string
  readonly topic: string
  readonly symbols: readonly string[]
}

/** A bare loop of ws and kafkajs. */
export function bareSide(host: Host, { url, bootstrapServers, topic, symbols }: BareSettings): FeedSide {
  const args = [url, bootstrapServers, topic, symbols.join(',')]
  const child = spawn(host.execPath, ['--conditions=@tidemark/source', programs.bare, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return {
    pid: child.pid!,
    begin: async () => void child.send('begin'),
    acknowledged: async () => {
      const answered = once(child, 'message')
      child.send('report')
      const [percentiles] = (await answered) as [Percentiles]
      return percentiles
    },
    stop: () => ended(child),
  }
}

export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
