import { Command, InvalidArgumentError } from 'commander'
import type { DescribeRequest } from './described-topology.ts'
import type { ListOptions } from './list-letters.ts'
import type { ReplayOptions } from './replay.ts'
import type { ResetRequest } from './reset-plan.ts'
import type { LetterPosition } from './show-letter.ts'

export type ListRequest = ListOptions
export type ShowRequest = LetterPosition & { readonly maxBytes: number }
export type ReplayRequest = Pick<ReplayOptions, 'topic' | 'code' | 'to' | 'dryRun'> & { readonly rate: number }
export type ApplicationResetRequest = ResetRequest & { readonly application: string; readonly execute: boolean }

/** What the commands do, with options that have been checked. */
export interface OperateActions {
  list(request: ListRequest): Promise<void>
  show(request: ShowRequest): Promise<void>
  replay(request: ReplayRequest): Promise<void>
  reset(request: ApplicationResetRequest): Promise<void>
  describe(request: DescribeRequest): Promise<void>
}

const DEFAULT_LIST_LIMIT = 50
const MAX_LIST_LIMIT = 10_000
const DEFAULT_REPLAY_RATE = 100
const MAX_REPLAY_RATE = 100_000
const DEFAULT_SHOWN_BYTES = 4_096
const MAX_SHOWN_BYTES = 1_000_000
const DLQ_TOPIC = 'the topic of dead letters, such as window-aggregator-dlq'

/** The command line. Commander prints what is wrong, and help, and exits by itself. */
export function operateCommand(actions: OperateActions, nowMs: () => number): Command {
  const program = new Command('npm run operate --')
    .description(
      'Tools for whoever runs stream applications. Kafka and the registry are those of the settings (docs/settings.md).',
    )
    .allowExcessArguments(false)
  program.addCommand(deadLetters(actions, nowMs))
  program.addCommand(reset(actions))
  program.addCommand(topology(actions))
  return program
}

function deadLetters(actions: OperateActions, nowMs: () => number): Command {
  const command = new Command('dead-letters').description(
    'looks at records that could not be processed, and replays them',
  )
  command
    .command('list')
    .description('prints the newest dead letters as a table')
    .requiredOption('--topic <T>', DLQ_TOPIC, parseTopic)
    .option('--code <C>', 'only those of this code')
    .option('--since <15m|2h|7d|TIME>', 'only those set aside since', (text) => parseSince(text, nowMs()))
    .option('--limit <N>', `so many at most, up to ${MAX_LIST_LIMIT}`, integerTo(1, MAX_LIST_LIMIT), DEFAULT_LIST_LIMIT)
    .action(async ({ since, ...options }: ListRequest & { since?: number }) =>
      actions.list({ ...options, ...(since !== undefined && { sinceMs: since }) }),
    )
  command
    .command('show')
    .description('prints one dead letter: why, its headers and its value')
    .requiredOption('--topic <T>', DLQ_TOPIC, parseTopic)
    .requiredOption('--partition <P>', 'its partition', integerTo(0, 2 ** 31 - 1))
    .requiredOption('--offset <O>', 'its offset', integerTo(0, Number.MAX_SAFE_INTEGER))
    .option('--max-bytes <N>', 'so much of the value at most', integerTo(1, MAX_SHOWN_BYTES), DEFAULT_SHOWN_BYTES)
    .action(async (options: ShowRequest) => actions.show(options))
  command
    .command('replay')
    .description('writes dead letters back to where they came from; those replayed before are left out')
    .requiredOption('--topic <T>', DLQ_TOPIC, parseTopic)
    .option('--code <C>', 'only those of this code')
    .option('--to <TOPIC>', 'to this topic instead', parseTopic)
    .option('--rate <N/s>', 'so many a second at most', parseRate, DEFAULT_REPLAY_RATE)
    .option('--dry-run', 'count only: write nothing, remember nothing', false)
    .action(async (options: ReplayRequest) => actions.replay(options))
  return command
}

function reset(actions: OperateActions): Command {
  return new Command('reset')
    .description('makes an application start from the beginning; without --execute it only says what would be done')
    .requiredOption('--application <ID>', 'its application id, which is also its group', parseTopic)
    .option('--input-topics <A,B>', 'read only these again, and leave the other offsets', parseTopics)
    .option('--outputs <A,B>', 'topics of results to empty', parseTopics, [])
    .option('--execute', 'really do it', false)
    .action(async (options: ApplicationResetRequest) => actions.reset(options))
}

function topology(actions: OperateActions): Command {
  const command = new Command('topology').description('looks at what an application does; needs no cluster')
  command
    .command('describe')
    .description('prints what feeds what in a topology that a module exports')
    .argument('<module>', 'its path, such as apps/window-aggregator/src/topology.ts')
    .option(
      '--export <NAME>',
      'the export: a topology, or a function without parameters that makes one (default: describedTopology, or its only topology)',
    )
    .option('--mermaid', 'as a Mermaid flowchart', false)
    .action(async (module: string, options: Omit<DescribeRequest, 'module'>) =>
      actions.describe({ module, ...options }),
    )
  return command
}

/** Names of topics and groups of this product: a typing error is told here, not by a broker. */
function parseTopic(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(text)) {
    throw new InvalidArgumentError('Expected a name of at most 249 letters, digits, dots, dashes and underscores.')
  }
  return text
}

function parseTopics(text: string): string[] {
  return [...new Set(text.split(',').map((name) => parseTopic(name.trim())))]
}

function integerTo(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

function parseRate(text: string): number {
  const value = Number(text.replace(/\/s$/, ''))
  if (!(value > 0 && value <= MAX_REPLAY_RATE)) {
    throw new InvalidArgumentError(
      `Expected letters per second, above 0 and at most ${MAX_REPLAY_RATE}, such as 50 or 50/s.`,
    )
  }
  return value
}

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A duration before now, or a time; one without a zone is in UTC, as the times that are printed. */
function parseSince(text: string, nowMs: number): number {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (digits !== undefined) return nowMs - Number(digits) * unitsMs[unit as keyof typeof unitsMs]
  const [, day, time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const timeMs = day === undefined ? NaN : Date.parse(`${day}T${time}${zone}`)
  if (Number.isNaN(timeMs)) {
    throw new InvalidArgumentError('Expected a duration such as 15m, 2h or 7d, or a time such as 2024-08-08T10:00Z.')
  }
  return timeMs
}
