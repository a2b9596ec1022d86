import type { Cluster } from '@tidemark/stack'
import type { FaultProxy } from '@tidemark/testing'
import type { ProducerProcesses } from './producer-process.ts'

/** What acts are done to, and by what. */
export interface Stage {
  /** A cluster of one broker, which then is killed and restarted too: each once at most, since it takes seconds. */
  readonly cluster: Pick<Cluster, 'killBroker' | 'stopBroker' | 'startBroker'> | undefined
  readonly producers: ProducerProcesses
  /** The producers' ways to Kafka. */
  readonly ways: readonly FaultProxy[]
  readonly random: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Resolves when it holds, or after this time; true where it does. */
  readonly until: (holds: () => boolean, limitMs: number) => Promise<boolean>
}

export interface Act {
  readonly name: ActName
  readonly isOnce?: boolean
  /** Resolves with whether it has met with anything: a producer that ran, a request that was cut off. */
  run(stage: Stage): Promise<boolean>
}

const committedLimitMs = 10_000

const acts = [
  {
    name: 'kill -9',
    run: async ({ producers, random, wait }) => {
      const met = producers.running > 0
      await producers.end('crash')
      await wait(random() * 2_000)
      producers.start()
      return met
    },
  },
  {
    name: 'kafka cut off',
    run: async ({ ways, random, wait }) => {
      const before = cutOffs(ways)
      const bringUp = ways.map((way) => way.addRule({ on: 'request', action: 'close' }))
      await wait(1_000 + random() * 4_000)
      for (const up of bringUp) up()
      return cutOffs(ways) > before
    },
  },
  { name: 'cut off beside another', run: cutOffBesideAnother },
  {
    name: 'restart',
    run: async ({ producers }) => {
      const met = producers.running > 0
      await producers.end('clean')
      producers.start()
      return met
    },
  },
  {
    name: 'second instance',
    run: async ({ producers }) => {
      const met = producers.running > 0
      producers.start()
      return met
    },
  },
] as const satisfies readonly { name: string; run: Act['run'] }[]

const brokerActs = ['broker kill -9', 'broker restart'] as const

export type ActName = (typeof acts)[number]['name'] | (typeof brokerActs)[number]
export const ACT_NAMES: readonly ActName[] = [...acts.map(({ name }) => name), ...brokerActs]

export function actsOf({ cluster }: Stage): readonly Act[] {
  if (cluster === undefined) return acts
  const onBroker = (end: (brokerId: number) => Promise<void>): Act['run'] => {
    return async ({ random, wait }) => {
      await end(1)
      await wait(random() * 2_000)
      await cluster.startBroker(1)
      return true
    }
  }
  return [
    ...acts,
    { name: 'broker kill -9', isOnce: true, run: onBroker(cluster.killBroker) },
    { name: 'broker restart', isOnce: true, run: onBroker(cluster.stopBroker) },
  ]
}

/**
 * The newest producer hears nothing of Kafka, in half of the cases not of a commit that was carried out either. Another one starts and commits,
 * and then the first is back: it must not write what it has, for the other has had the same.
 */
async function cutOffBesideAnother({ producers, ways, random, until }: Stage): Promise<boolean> {
  const way = ways[producers.newestWay]!
  if (!(await until(commitsMore(way), committedLimitMs))) return false
  if (random() < 0.5) {
    const before = cutOffs([way])
    const hear = way.addRule({ on: 'response', api: 'EndTxn', action: 'close' })
    await until(() => cutOffs([way]) > before, committedLimitMs)
    hear()
  }
  const bringUp = way.addRule({ on: 'request', action: 'close' })
  producers.start()
  const met = await until(commitsMore(ways[producers.newestWay]!), committedLimitMs)
  bringUp()
  // The one that is back fences the other, and ends itself.
  return (await until(() => producers.running === 0, committedLimitMs)) && met
}

/** Two commits: one that is under way when it begins is not enough. */
function commitsMore(way: FaultProxy): () => boolean {
  const commits = () => way.stats().responses['EndTxn'] ?? 0
  const enough = commits() + 2
  return () => commits() >= enough
}

function cutOffs(ways: readonly FaultProxy[]): number {
  return ways.flatMap((way) => Object.values(way.stats().faults)).reduce((sum, count) => sum + count, 0)
}
