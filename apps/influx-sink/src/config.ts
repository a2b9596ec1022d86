import { durationMs, httpUrl, integer, kafkaConfig, secret, serviceFields, streamsFields } from '@tidemark/service'
import { z } from 'zod'

/** The sink's settings, keyed by their environment variables. */
export const configSchema = kafkaConfig({
  ...serviceFields(8182),
  ...streamsFields(),
  SCHEMA_REGISTRY_URL: httpUrl(),
  INFLUX_URL: httpUrl(),
  INFLUX_TOKEN: secret('a token that may write to the bucket, or INFLUX_TOKEN_FILE'),
  INFLUX_ORG: z.string().describe("the organisation's name"),
  INFLUX_BUCKET: z.string().describe("the bucket's name"),
  INFLUX_TIMEOUT_MS: durationMs({ min: 1 }).default(10_000),
  INFLUX_MAX_LINES: integer({ min: 1, max: 100_000 }).default(5_000),
})

export type Config = z.output<typeof configSchema>
