import { pino, type DestinationStream, type Logger } from 'pino'
import type { LogLevel } from './fields.ts'

export interface LoggerOptions {
  /** Which process speaks: the `name` of every line. */
  readonly name: string
  readonly level?: LogLevel
  /** Where the lines go. Default: stdout, written at once, so that an exit loses none. */
  readonly destination?: DestinationStream
}

const secretWords = ['password', 'token', 'secret', 'authorization', 'Authorization', 'sasl', 'apiKey']

/**
 * Writes one JSON object a line: `level` as a word, `time` as ISO 8601 in UTC, `name`, the given fields, `msg`. An error is
 * given as `{ err }`. Fields named like a secret are hidden, two levels deep.
 */
export function createLogger({ name, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    base: { name },
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretWords.flatMap((word) => [word, `*.${word}`, `*.*.${word}`]), censor: '(hidden)' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

export type { Logger }
