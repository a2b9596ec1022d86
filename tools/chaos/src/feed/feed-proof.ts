import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts, onStopSignals, prepareTopics, startStack, type Host, type SignalSource } from '@tidemark/stack'
import { runFeedRound, type FeedResult } from './feed-round.ts'

export interface FeedProofOptions {
  readonly rounds: number
  readonly seed: number
}

/** The part of Node's `process` that this needs. */
export type ProofProcess = Host &
  SignalSource & {
    readonly stdout: { write(text: string): unknown }
    readonly stderr: { write(text: string): unknown }
    exit(code: number): unknown
  }

const seconds = 30
const symbols = ['BTCUSDT', 'ETHUSDT', 'BNBUSDT', 'SOLUSDT']

/** Rounds of the feed's proof on a real Kafka and registry of their own, a seed each. Prints a JSON summary; true where all were sound. */
export async function runFeedRounds(process: ProofProcess, { rounds, seed }: FeedProofOptions): Promise<boolean> {
  const workDir = await mkdtemp(join(tmpdir(), 'tidemark-chaos-feed-'))
  const giveUp = new AbortController()
  onStopSignals(process, {
    stop: () => giveUp.abort(),
    exitAtOnce: () => process.exit(1),
    nowMs: () => performance.now(),
  })
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  const stack = await startStack({
    host: process,
    dataDir: join(workDir, 'stack'),
    ports: await freePorts(),
    services: ['kafka', 'registry'],
    signal: giveUp.signal,
    log,
  })
  const results: FeedResult[] = []
  try {
    await prepareTopics(stack)
    for (let round = 0; round < rounds && !giveUp.signal.aborted; round++) {
      const name = `feed-${seed + round}`
      const result = await runFeedRound({
        host: process,
        bootstrapServers: stack.bootstrapServers,
        registryUrl: stack.registryUrl,
        name,
        seed: seed + round,
        seconds,
        symbols,
        logDir: join(workDir, 'logs', name),
        log,
        nowMs: () => performance.now(),
        wait: (ms) => delay(ms),
      })
      results.push(result)
      log(JSON.stringify(result))
    }
  } finally {
    await stack.stop()
  }
  const sound = results.length > 0 && results.every((result) => result.sound)
  if (sound) await rm(workDir, { recursive: true, force: true })
  else log(`logs of the producers: ${join(workDir, 'logs')}`)
  process.stdout.write(`${JSON.stringify({ sound, rounds: results }, null, 2)}\n`)
  return sound
}
