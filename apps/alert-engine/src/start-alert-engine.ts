import { builtInRules, type Rule } from '@tidemark/market'
import {
  ConfigError,
  streamsService,
  streamsSettings,
  type RunningService,
  type ServiceContext,
} from '@tidemark/service'
import { run, type KafkaPorts } from '@tidemark/streams'
import type { AlertChannel } from './alert-channel.ts'
import { alertDelivery } from './alert-delivery.ts'
import type { Config } from './config.ts'
import { persistentChannel } from './persistent-channel.ts'
import { parseRules } from './rules-file.ts'
import { alertTopology, type AlertCodecs } from './topology.ts'

export const applicationId = 'alert-engine'

export interface AlertEngineContext extends ServiceContext<Config> {
  readonly kafka: KafkaPorts & { close(): Promise<void> }
  readonly codecs: AlertCodecs
  readonly channel: AlertChannel
  readonly readFile: (path: string) => string
  /** Processing time, for the age of alerts. */
  readonly nowMs: () => number
}

/** Starts judging every final window. Rejects with a `ConfigError` where the rules file can't be read or is wrong, with all that is wrong in it. */
export async function startAlertEngine(context: AlertEngineContext): Promise<RunningService> {
  const { config, logger, metrics, signal, kafka, codecs, nowMs } = context
  const rules = rulesOf(context)
  const figures = { rules: rules.length, channel: context.channel.name, alerts_fired: 0 }
  const deliveries = { alerts_sent: 0, alerts_refused: 0, alerts_failed: 0, alerts_too_old: 0 }
  const counter = metrics.counter({
    name: 'tidemark_alerts_total',
    help: 'Alerts by what became of them.',
    labelNames: ['outcome'],
  })
  let waitsFor: string | undefined
  const channel = persistentChannel(context.channel, {
    signal,
    waiting: (failure, delayMs) => {
      waitsFor = failure.message
      logger.warn({ delayMs: Math.round(delayMs) }, `an alert was not taken, waiting: ${failure.message}`)
    },
  })
  const delivery = alertDelivery({
    channel,
    signal,
    nowMs,
    ...(config.ALERT_MAX_AGE_MS !== undefined && { maxAgeMs: config.ALERT_MAX_AGE_MS }),
    delivered: (alert, outcome, failure) => {
      waitsFor = undefined
      deliveries[`alerts_${outcome}`]++
      counter.inc({ outcome })
      if (failure !== undefined) logger.error({ alert }, `alert ${outcome}: ${failure.message}`)
    },
  })
  const alerts = alertTopology({
    codecs,
    rules,
    delivery,
    fired: () => figures.alerts_fired++,
  })
  const app = run(alerts, {
    applicationId,
    kafka,
    guarantee: 'exactly-once',
    ...streamsSettings(config),
    logger,
  })
  return streamsService(app, {
    metrics,
    figures: () => ({ ...figures, ...deliveries, ...(waitsFor !== undefined && { degradedBy: waitsFor }) }),
    close: () => kafka.close(),
  })
}

function rulesOf({ config, readFile }: AlertEngineContext): readonly Rule[] {
  const path = config.ALERT_RULES
  if (path === undefined) return builtInRules
  let text: string
  try {
    text = readFile(path)
  } catch (cause) {
    throw new ConfigError([
      `ALERT_RULES ${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    ])
  }
  const parsed = parseRules(text)
  if (parsed.ok) return parsed.rules
  throw new ConfigError([
    `ALERT_RULES ${path} has ${parsed.issues.length} errors:\n    ${parsed.issues.join('\n    ')}`,
  ])
}
