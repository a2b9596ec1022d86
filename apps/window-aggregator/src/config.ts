import { parseVpinBuckets, parseWhaleFloors, parseWindowSize } from '@tidemark/market'
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

const vpinBuckets = z.string().transform((text, context) => {
  const parsed = parseVpinBuckets(text)
  if (parsed.ok) return parsed.value
  for (const message of parsed.issues) context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const outputPrefix = z
  .string()
  .regex(
    /^[A-Za-z0-9._-]{0,100}$/,
    'a prefix of topic names is at most 100 letters, digits, dots, dashes and underscores',
  )

const quantile = z.string().transform((text, context) => {
  if (text.trim().toLowerCase() === 'off') return undefined
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value < 1) return value
  context.addIssue({ code: 'custom', message: `${text} is no quantile between 0 and 1` })
  return z.NEVER
})

/** The aggregator's settings, keyed by their environment variables. */
export const configSchema = kafkaConfig({
  ...serviceFields(8181),
  ...streamsFields(),
  SCHEMA_REGISTRY_URL: httpUrl(),
  KAFKA_TOPIC: z.string().default(topicNames.binanceTrades),
  OUTPUT_PREFIX: outputPrefix.describe('the beginning of topic names').default(''),
  WINDOWS: windowSizes.describe(`window sizes separated by commas, such as ${defaultWindows}`).prefault(defaultWindows),
  GRACE_MS: durationMs().default(2_000),
  WHALE_MIN_NOTIONAL: whaleFloors.describe('floors such as BTCUSDT=250000,*=100000').prefault(defaultFloors),
  WHALE_QUANTILE: quantile.describe('a quantile such as 0.999, or off').prefault('off'),
  VPIN_BUCKET: vpinBuckets
    .describe('base volumes such as BTCUSDT=10,*=500, one number for all, or off')
    .prefault('off'),
})

export type Config = z.output<typeof configSchema>
