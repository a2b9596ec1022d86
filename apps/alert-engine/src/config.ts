import { durationMs, httpUrl, kafkaConfig, secret, serviceFields, streamsFields } from '@tidemark/service'
import { z } from 'zod'

/** The alert engine's settings, keyed by their environment variables. */
export const configSchema = kafkaConfig({
  ...serviceFields(8183),
  ...streamsFields(),
  SCHEMA_REGISTRY_URL: httpUrl(),
  SLACK_WEBHOOK_URL: secret('the address of a Slack webhook, which is a secret, or SLACK_WEBHOOK_URL_FILE')
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))
    .optional(),
  ALERT_RULES: z.string().describe('the path of a YAML file with rules').optional(),
  ALERT_MAX_AGE_MS: durationMs({ min: 1 }).optional(),
})

export type Config = z.output<typeof configSchema>
