/** What a job is told on its command line, as name=value; the peer takes the same. */
export interface JobSettings {
  readonly applicationId: string
  readonly bootstrapServers: string
  readonly input: string
  readonly output: string
  /** Records before the measured part. */
  readonly warmUp: number
  /** All records of the input. */
  readonly records: number
  readonly windowMs: number
  readonly graceMs: number
  readonly commitIntervalMs: number
  /** Of `produce`. */
  readonly compression?: string
  readonly transactional?: 'true' | 'false'
  /** Where a CPU profile of the measured part is written to. */
  readonly profilePath?: string
}

const numbers = ['warmUp', 'records', 'windowMs', 'graceMs', 'commitIntervalMs']

export function jobSettings(args: readonly string[]): JobSettings {
  const pairs = args.map((arg) => {
    const [name = '', value = ''] = arg.split('=', 2)
    return [name, numbers.includes(name) ? Number(value) : value] as const
  })
  return Object.fromEntries(pairs) as unknown as JobSettings
}

export function jobArguments(settings: object): string[] {
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`)
}
