import Table from 'cli-table3'
import type { Figures } from './measured-process.ts'

/** A side's figures with its rates. */
export interface Side extends Figures {
  /** How it was configured. */
  readonly name: string
  readonly records_per_s: number
  readonly records_per_cpu_s: number
}

/** What `bench/results/<name>.json` holds. */
export interface Outcome {
  readonly name: string
  /** Records of the measured part. */
  readonly records: number
  readonly tidemark: Side
  /** The peer's configuration with the fewest processor seconds: the one that counts. */
  readonly peer: Side | undefined
  /** All configurations of the peer that were tried. */
  readonly tried: readonly Side[]
  /** Records per processor second: ours over the peer's. */
  readonly ratio_cpu: number | undefined
  /** Records per second: ours over the fastest of the peer's. */
  readonly ratio_wall: number | undefined
  /** A peer from another world, and ours over it; only where it was asked for. */
  readonly second_peer: (Side & { readonly ratio_cpu: number; readonly ratio_wall: number }) | undefined
}

export function sideOf(name: string, records: number, figures: Figures): Side {
  const { wall_s, cpu_s } = figures
  return {
    name,
    ...figures,
    records_per_s: Math.round(records / wall_s),
    records_per_cpu_s: Math.round(records / cpu_s),
  }
}

/** Sets a side against the peer's configurations: each ratio is against the one that is best in it. */
export function outcomeOf(
  name: string,
  records: number,
  { tidemark, tried, second }: { tidemark: Side; tried: readonly Side[]; second?: Side | undefined },
): Outcome {
  const [peer] = tried.toSorted((a, b) => b.records_per_cpu_s - a.records_per_cpu_s)
  const [fastest] = tried.toSorted((a, b) => b.records_per_s - a.records_per_s)
  return {
    name,
    records,
    tidemark,
    peer,
    tried,
    ratio_cpu: peer && tidemark.records_per_cpu_s / peer.records_per_cpu_s,
    ratio_wall: fastest && tidemark.records_per_s / fastest.records_per_s,
    second_peer: second && {
      ...second,
      ratio_cpu: tidemark.records_per_cpu_s / second.records_per_cpu_s,
      ratio_wall: tidemark.records_per_s / second.records_per_s,
    },
  }
}

const figure = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function outcomeTable(outcome: Outcome): string {
  const { name, records, tidemark, tried, ratio_cpu, ratio_wall, second_peer } = outcome
  const table = new Table({
    head: [name, 'wall s', 'CPU s', 'records/s', 'records/CPU s', 'peak MB'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const side of [tidemark, ...tried, ...(second_peer ? [second_peer] : [])]) {
    table.push([
      side.name,
      side.wall_s.toFixed(2),
      side.cpu_s.toFixed(2),
      figure.format(side.records_per_s),
      figure.format(side.records_per_cpu_s),
      figure.format(side.rss_mb),
    ])
  }
  const lines = [table.toString(), `${figure.format(records)} records`]
  if (ratio_cpu !== undefined && ratio_wall !== undefined) {
    lines.push(`${ratios({ ratio_cpu, ratio_wall })} (against the peer's best in each)`)
  }
  if (second_peer) lines.push(`${ratios(second_peer)} (against ${second_peer.name})`)
  return lines.join('\n')
}

function ratios({ ratio_cpu, ratio_wall }: { readonly ratio_cpu: number; readonly ratio_wall: number }): string {
  return `ratio_cpu ${ratio_cpu.toFixed(2)}, ratio_wall ${ratio_wall.toFixed(2)}`
}
