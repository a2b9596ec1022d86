import { glob, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const folder = fileURLToPath(new URL('../peers/kafka-streams', import.meta.url))
/** Its class of trades is generated from it. */
const tradeSchema = fileURLToPath(new URL('../../libs/schemas/avro/trade.avsc', import.meta.url))
const compiled = join(folder, 'target/classes/tidemark/bench/Main.class')
const classpath = [join(folder, 'target/classes'), join(folder, 'target/lib/*')].join(':')

/** Compiles the peer and gathers its jars, where that is not done yet. Needs a JDK and Maven. */
export async function buildPeer(log: (line: string) => void): Promise<void> {
  const sources = [join(folder, 'pom.xml'), tradeSchema]
  for await (const path of glob(join(folder, 'src/**/*.{java,avsc}'))) sources.push(path)
  const changed = await Promise.all(sources.map(modifiedMs))
  if (Math.max(...changed) < (await modifiedMs(compiled))) return
  log('building the peer …')
  const goals = [
    'clean',
    'compile',
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    '-DoutputDirectory=target/lib',
  ]
  const { exitCode, all } = await execa('mvn', ['-B', '-q', ...goals], { cwd: folder, reject: false, all: true })
  if (exitCode !== 0) throw new Error(`mvn ${goals.join(' ')} failed in ${folder}: a JDK and Maven are needed\n${all}`)
}

/** How the peer's process is run. */
export interface PeerVariant {
  readonly store: 'in-memory' | 'rocksdb'
  readonly heapMb: number
  /** Its cache in front of the store; on if left out. */
  readonly cache?: boolean
  /** How it reads Avro: by the coders generated for the record, if left out, or by Avro's faster generic reader. */
  readonly avro?: 'generated' | 'fast'
  /** Of the job of `engine`: reads only the fields that candles are made of, as ours does; whole trades if left out. */
  readonly projects?: boolean
}

/** Arguments of `java` for a job of the peer. */
export function peerArguments(job: string, { heapMb, avro = 'generated' }: PeerVariant): string[] {
  return [
    `-Xms${heapMb}m`,
    `-Xmx${heapMb}m`,
    // The first touch of the heap's pages is start-up, which only `restore` measures, of a new process.
    ...(job === 'restore' ? [] : ['-XX:+AlwaysPreTouch']),
    `-Dorg.apache.avro.specific.use_custom_coders=${avro === 'generated'}`,
    `-Dorg.apache.avro.fastread=${avro === 'fast'}`,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
    '-cp',
    classpath,
    'tidemark.bench.Main',
    job,
  ]
}

async function modifiedMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
