import { inspect } from 'node:util'
import { StreamsError } from './errors.ts'
import { RUN_DEFAULTS, silentLogger, type RunOptions } from './run-options.ts'
import type { Topology } from './topology.ts'

interface Rule {
  readonly allowed: string
  fits(value: unknown): boolean
}

/** What a topic's name may have, less the `-dlq` of the dead letters. */
const MAX_ID_LENGTH = 245
/** What Kafka's protocol and buffers take. */
const MAX_INT32 = 2 ** 31 - 1

/** One for each option, so that none is forgotten. */
const RULES: Readonly<Record<keyof RunOptions, Rule>> = {
  applicationId: {
    allowed: `1 to ${MAX_ID_LENGTH} letters, digits, '.', '_' and '-', which topics are named by`,
    fits: (value) => typeof value === 'string' && /^[A-Za-z0-9._-]+$/.test(value) && value.length <= MAX_ID_LENGTH,
  },
  kafka: having('consumer', 'producer', 'transactionalProducer', 'logReader', 'ensureTopics'),
  guarantee: oneOf('at-least-once', 'exactly-once'),
  commitIntervalMs: orInfinity(wholeNumber(0)),
  maxBufferedBytes: wholeNumber(1),
  maxBatchBytes: wholeNumber(1, MAX_INT32),
  compression: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
  maxSinkRecords: wholeNumber(0),
  maxOpenWindows: wholeNumber(1),
  maxStateEntries: wholeNumber(1),
  startAt: oneOf('earliest', 'latest'),
  sessionTimeoutMs: wholeNumber(1, MAX_INT32),
  recordDeadlineMs: orInfinity(wholeNumber(1)),
  skip: {
    allowed: 'a list of places of records, { topic, partition, offset }',
    fits: (value) => Array.isArray(value) && value.every(isPlace),
  },
  logger: having('debug', 'info', 'warn', 'error'),
  nowMs: { allowed: 'a function', fits: (value) => typeof value === 'function' },
}

type Checked = RunOptions & { readonly nowMs: () => number }

/**
 * Options with what is left out, or given as undefined, filled in. Throws a StreamsError that names the option, its value and what is allowed: what
 * a type can't tell, such as `NaN`, would change what the application does without a word.
 */
export function checkedOptions({ sources }: Topology, options: Checked): Required<RunOptions> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const all = { ...RUN_DEFAULTS, logger: silentLogger, ...(Object.fromEntries(given) as unknown as Checked) }
  for (const [name, { allowed, fits }] of Object.entries(RULES)) {
    const value: unknown = all[name as keyof RunOptions]
    if (fits(value)) continue
    const found = value === undefined ? 'is not given' : `is ${inspect(value, { depth: 0, breakLength: Infinity })}`
    throw new StreamsError('wrong-option', `${name} ${found}: allowed is ${allowed}`)
  }
  if (sources.length > 0) return all
  throw new StreamsError('wrong-option', 'the topology has no source: topology() was given no end of a stream')
}

function wholeNumber(from: number, to = Number.MAX_SAFE_INTEGER): Rule {
  const upTo = to === Number.MAX_SAFE_INTEGER ? ' on' : ` to ${to}`
  return {
    allowed: `a whole number from ${from}${upTo}`,
    fits: (value) => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to,
  }
}

function orInfinity({ allowed, fits }: Rule): Rule {
  return { allowed: `${allowed}, or Infinity`, fits: (value) => value === Infinity || fits(value) }
}

function oneOf(...values: readonly string[]): Rule {
  return { allowed: values.join(' or '), fits: (value) => values.includes(value as string) }
}

function having(...methods: readonly string[]): Rule {
  return {
    allowed: `an object with ${methods.join(', ')}`,
    fits: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
  }
}

function isPlace(value: unknown): boolean {
  const { topic, partition, offset } = (value ?? {}) as Record<string, unknown>
  return (
    typeof topic === 'string' && [partition, offset].every((part) => Number.isSafeInteger(part) && Number(part) >= 0)
  )
}
