import type { Logger } from '@tidemark/service'
import type { AlertChannel } from './alert-channel.ts'

/** Shows alerts in the log: where no webhook is configured. */
export function logChannel(logger: Pick<Logger, 'warn'>): AlertChannel {
  return {
    name: 'log',
    async post(alert) {
      logger.warn({ alert }, alert.text)
      return { ok: true }
    },
  }
}
