/** What went through, from the source to the sinks. */
export interface Summary {
  readonly tradesIn: number
  readonly windowsOut: number
  /** Points of these windows in InfluxDB; undefined where it could not be had. */
  readonly points: number | undefined
  readonly deadLetters: number
  /** Ids between the first and last of a symbol that are not in Kafka. */
  readonly gaps: number
  readonly alerts: number
  /** Frames that are neither a trade in Kafka nor a dead letter, and windows that are no point in InfluxDB. */
  readonly lost: number
}

const figure = new Intl.NumberFormat('en-US')

export function summaryLines(summary: Summary): string[] {
  const rows: [string, string][] = [
    ['trades in', figure.format(summary.tradesIn)],
    ['windows out', figure.format(summary.windowsOut)],
    ['points in InfluxDB', summary.points === undefined ? 'not there' : figure.format(summary.points)],
    ['dead letters', figure.format(summary.deadLetters)],
    ['gaps', figure.format(summary.gaps)],
    ['alerts', figure.format(summary.alerts)],
    ['lost', figure.format(summary.lost)],
  ]
  return rows.map(([name, value]) => `${name.padEnd(20)}${value.padStart(12)}`)
}
