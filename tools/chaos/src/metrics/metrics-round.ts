import { join } from 'node:path'
import { createAdmin, kafkaPorts } from '@tidemark/kafka'
import type { RoundPlace } from '../proof-run.ts'
import { runAggregator, type AggregatorRunOptions } from './aggregator-run.ts'
import { compareLines, isSame, type LineDifferences } from './compare-lines.ts'
import { marketLogs, type MarketEntry } from './market-logs.ts'

/** The aggregator in trouble, beside one that is left alone: both over the same market. */
export interface MetricsRoundOptions extends RoundPlace {
  readonly registryUrl: string
  readonly symbols: readonly string[]
  readonly tradesOfEach: number
  readonly durationMs: number
  readonly instances: number
  readonly kills: number
}

export interface MetricsResult extends LineDifferences {
  readonly name: string
  readonly seed: number
  readonly kills: number
  readonly trades: number
  readonly heartbeats: number
  /** Records of the undisturbed run, by what they are. */
  readonly records: Readonly<Record<string, number>>
  /** Windows behind a heartbeat that promised that there are no more, in either run. */
  readonly contradicted: number
  readonly kept: boolean
}

const graceMs = 2_000
/** What is written while instances are killed: some thousand records a second. */
const pace = { records: 500, pauseMs: 50 }

/**
 * One instance that nothing happens to goes through the market in order, as fast as it can. Then several go through it shuffled within
 * the grace, slowly, and are killed in between. What both wrote has to be the same.
 */
export async function runMetricsRound(options: MetricsRoundOptions): Promise<MetricsResult> {
  const { host, bootstrapServers, registryUrl, name, seed, instances, kills, logDir, nowMs, wait } = options
  const market = marketLogs({ ...options, graceMs })
  const kafka = kafkaPorts({ bootstrapServers, clientId: name })
  const admin = createAdmin({ bootstrapServers, clientId: name })
  const run = (part: string, given: Pick<AggregatorRunOptions, 'log' | 'instances' | 'kills' | 'pace'>) =>
    runAggregator({
      ...{ host, bootstrapServers, registryUrl, admin, kafka, graceMs, nowMs, wait, say: options.log },
      ...{ prefix: `${name}-${part}-`, logDir: join(logDir, part), ...given },
    })
  try {
    const calm = await run('calm', { log: market.ordered, instances: 1, kills: 0 })
    const disturbed = await run('disturbed', { log: market.shuffled, instances, kills, pace })
    const differences = compareLines(calm.lines, disturbed.lines)
    const contradicted = calm.contradicted + disturbed.contradicted
    const count = (kind: MarketEntry['kind']) => market.ordered.filter((entry) => entry.kind === kind).length
    return {
      ...{ name, seed, kills, trades: count('trade'), heartbeats: count('heartbeat'), records: countsOf(calm.lines) },
      ...{ ...differences, contradicted, kept: isSame(differences) && contradicted === 0 },
    }
  } finally {
    await kafka.close()
    await admin.close()
  }
}

function countsOf(lines: ReadonlyMap<string, readonly string[]>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [order, { length }] of lines) {
    const [kind = ''] = order.split(' ', 1)
    counts[kind] = (counts[kind] ?? 0) + length
  }
  return counts
}
