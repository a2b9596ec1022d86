import { z } from 'zod'
import { durationMs, integer } from './fields.ts'

const MEBIBYTE = 1024 * 1024

/** A record's place in a topic. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

const recordPlaces = z
  .string()
  .transform((text, context) =>
    text.split(',').flatMap((part): RecordPlace[] => {
      const found = /^([A-Za-z0-9._-]+)\/(\d+)\/(\d+)$/.exec(part.trim())
      if (found !== null) return [{ topic: String(found[1]), partition: Number(found[2]), offset: Number(found[3]) }]
      if (part.trim() !== '') context.addIssue({ code: 'custom', message: `'${part.trim()}' is no record's place` })
      return []
    }),
  )
  .describe('places of records as topic/partition/offset, separated by commas')

/** The settings of every app that reads topics. */
export function streamsFields() {
  return {
    COMMIT_INTERVAL_MS: durationMs().default(100),
    MAX_BUFFERED_BYTES: integer({ min: MEBIBYTE }).default(64 * MEBIBYTE),
    MAX_STATE_ENTRIES: integer({ min: 1 }).default(1_000_000),
    RECORD_DEADLINE_MS: durationMs({ min: 1 }).default(30_000),
    SKIP_RECORDS: recordPlaces.prefault(''),
  }
}

type StreamsConfig = z.output<z.ZodObject<ReturnType<typeof streamsFields>>>

/** The settings of a config that was loaded with `streamsFields`, in the shape that `run` of @tidemark/streams takes. */
export function streamsSettings(config: StreamsConfig) {
  return {
    commitIntervalMs: config.COMMIT_INTERVAL_MS,
    maxBufferedBytes: config.MAX_BUFFERED_BYTES,
    maxStateEntries: config.MAX_STATE_ENTRIES,
    recordDeadlineMs: config.RECORD_DEADLINE_MS,
    skip: config.SKIP_RECORDS,
  }
}
