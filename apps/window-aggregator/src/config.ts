import { parseWhaleFloors, parseWindowSize } from '@tidemark/market'
import { topicNames } from '@tidemark/schemas'
import { commaList, durationMs, httpUrl, kafkaConfig, serviceFields, streamsFields } from '@tidemark/service'
import { z } from 'zod'

const defaultWindows = '10s,1m,5m,15m,1h'
const defaultFloors = '*=100000'

const windowSizes = commaList().transform((texts, context) =>
  texts.flatMap((text) => {
    const parsed = parseWindowSize(text)
    if (parsed.ok) return [parsed.value]
    context.addIssue({ code: 'custom', message: parsed.issue })
    return []
  }),
)

const whaleFloors = z.string().transform((text, context) => {
  const parsed = parseWhaleFloors(text)
  if (parsed.ok) return parsed.value
  for (const message of parsed.issues) context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** The aggregator's settings, keyed by their environment variables. */
export const configSchema = kafkaConfig({
  ...serviceFields(8181),
  ...streamsFields(),
  SCHEMA_REGISTRY_URL: httpUrl(),
  KAFKA_TOPIC: z.string().default(topicNames.binanceTrades),
  WINDOWS: windowSizes.describe(`window sizes separated by commas, such as ${defaultWindows}`).prefault(defaultWindows),
  GRACE_MS: durationMs().default(2_000),
  WHALE_MIN_NOTIONAL: whaleFloors.describe('floors such as BTCUSDT=250000,*=100000').prefault(defaultFloors),
})

export type Config = z.output<typeof configSchema>
