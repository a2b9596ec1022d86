import { z } from 'zod'
import { secretFields } from './config.ts'

/** Text that is never printed, and that may come from a file: `X_FILE=path`. */
export function secret(description = 'a secret, or a file with it in the variable of the same name with _FILE added') {
  const field = z.string().min(1).describe(description)
  secretFields.add(field, { secret: true })
  return field
}

export interface IntegerOptions {
  readonly min?: number
  readonly max?: number
}

/** A whole number in decimal digits. */
export function integer({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: IntegerOptions = {}) {
  const number = z.int().min(min).max(max)
  return z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number)
    .pipe(number)
    .describe(`a whole number${rangeText(min, max)}`)
}

/** A TCP port; 0 lets the system choose one. */
export function port() {
  return integer({ min: 0, max: 65_535 }).describe('a port from 0 to 65535 (0: any free one)')
}

/** A duration in whole milliseconds. */
export function durationMs({ min = 0, max = Number.MAX_SAFE_INTEGER }: IntegerOptions = {}) {
  return integer({ min, max }).describe(`a duration in whole milliseconds${rangeText(min, max)}`)
}

/** A duration in seconds, decimals allowed. */
export function durationS() {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .describe('a duration in seconds, such as 5 or 0.5')
}

/** `true` or `false`. */
export function flag() {
  return z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .describe('true or false')
}

/** Texts separated by commas; blanks around them and empty ones are dropped, at least one must be left. */
export function commaList(of = 'values') {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .pipe(z.array(z.string()).min(1))
    .describe(`${of} separated by commas, at least one`)
}

/** An http or https address, kept as it is written. */
export function httpUrl() {
  return z
    .string()
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))
    .describe('an address that begins with http:// or https://')
}

/** From the most silent to the most talkative. */
export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

export type LogLevel = (typeof logLevels)[number]

/** What every process reads: where its health is served and how much it logs. */
export function serviceFields(defaultHealthPort: number) {
  return {
    HEALTH_PORT: port().default(defaultHealthPort),
    HEALTH_HOST: z.string().default('0.0.0.0'),
    LOG_LEVEL: z
      .enum(logLevels)
      .describe(`one of ${logLevels.join(', ')}`)
      .default('info'),
  }
}

function rangeText(min: number, max: number): string {
  const from = min > Number.MIN_SAFE_INTEGER ? ` of at least ${min}` : ''
  const to = max < Number.MAX_SAFE_INTEGER ? `${from === '' ? ' of' : ' and'} at most ${max}` : ''
  return from + to
}
