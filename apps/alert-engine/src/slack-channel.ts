import { IncomingWebhook, IncomingWebhookHTTPError, SlackWebhookError, type FetchFunction } from '@slack/webhook'
import type { AlertChannel, PostFailure } from './alert-channel.ts'
import { slackMessage } from './slack-message.ts'

export interface SlackOptions {
  /** A secret: whoever has it can post. No message or error of this module contains it. */
  readonly webhookUrl: string
  /** How long an answer may take. */
  readonly timeoutMs?: number
}

/** Posts through Slack's own client, one attempt at a time. */
export function slackChannel({ webhookUrl, timeoutMs = 10_000 }: SlackOptions): AlertChannel {
  let retryAfter: string | null = null
  // The client's errors don't keep the answer's headers.
  const fetchKeepingRetryAfter: FetchFunction = async (url, init) => {
    retryAfter = null
    const response = await fetch(url, init)
    retryAfter = response.headers.get('retry-after')
    return response
  }
  const webhook = new IncomingWebhook(webhookUrl, { timeout: timeoutMs, fetch: fetchKeepingRetryAfter })
  return {
    name: 'slack',
    async post(alert) {
      try {
        await webhook.send(slackMessage(alert))
        return { ok: true }
      } catch (error) {
        if (!(error instanceof SlackWebhookError)) throw error
        return { ok: false, failure: postFailure(error, retryAfter) }
      }
    },
  }
}

function postFailure(error: SlackWebhookError, retryAfter: string | null): PostFailure {
  if (!(error instanceof IncomingWebhookHTTPError)) return { kind: 'transient', message: networkMessage(error) }
  const { statusCode, body } = error
  const message = `Slack answered ${statusCode} ${body.slice(0, 200)}`.trimEnd()
  if (statusCode !== 429 && statusCode !== 408 && statusCode < 500) return { kind: 'refused', message }
  // Seconds; Slack does not use the header's other form, a date.
  const asked = retryAfter !== null && /^\d+$/.test(retryAfter) ? { retryAfterMs: Number(retryAfter) * 1000 } : {}
  return { kind: 'transient', message, ...asked }
}

/** `fetch` says only that it failed; the reason is the cause of that. */
function networkMessage(error: unknown): string {
  let message = 'no answer from Slack'
  for (let cause = error; cause instanceof Error; cause = cause.cause) message = cause.message || message
  return `Slack can't be reached: ${message}`
}
