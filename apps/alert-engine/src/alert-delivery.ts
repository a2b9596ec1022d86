import type { Alert } from '@tidemark/schemas'
import { StopRequestedError } from '@tidemark/service'
import type { ExternalSink } from '@tidemark/streams'
import type { AlertChannel, PostFailure } from './alert-channel.ts'

/** What became of an alert: shown to people, refused by the channel, given up after all retries, or too old to be news. */
export type Delivery = 'sent' | 'refused' | 'failed' | 'too_old'

export interface AlertDeliveryOptions {
  readonly channel: AlertChannel
  readonly signal: AbortSignal
  readonly nowMs: () => number
  /** Alerts about an older moment are not shown, as when old trades are replayed. Without it all are. */
  readonly maxAgeMs?: number
  readonly delivered: (alert: Alert, delivery: Delivery, failure?: PostFailure) => void
}

/**
 * Shows alerts to people, one after the other. An alert that the channel refuses, or does not take in all tries, is counted and does not hold up the next
 * ones: it stays in the alerts topic. After a crash some may be shown again.
 */
export function alertDelivery({
  channel,
  signal,
  nowMs,
  maxAgeMs,
  delivered,
}: AlertDeliveryOptions): ExternalSink<Alert> {
  return {
    name: channel.name,
    async write(records) {
      for (const { value: alert } of records) {
        const aboutMs = alert.resolved_at_ms ?? alert.started_at_ms
        if (maxAgeMs !== undefined && nowMs() - aboutMs > maxAgeMs) {
          delivered(alert, 'too_old')
          continue
        }
        const outcome = await channel.post(alert)
        if (outcome.ok) {
          delivered(alert, 'sent')
        } else if (outcome.failure.kind === 'transient' && signal.aborted) {
          throw new StopRequestedError(`stopped before alert ${alert.id} was shown: ${outcome.failure.message}`)
        } else {
          delivered(alert, outcome.failure.kind === 'refused' ? 'refused' : 'failed', outcome.failure)
        }
      }
    },
  }
}
