import type { Alert } from '@tidemark/schemas'
import type { IncomingWebhookSendArguments } from '@slack/webhook'

/** Slack refuses a message with a longer text in one of these places. */
const maxHeaderChars = 150
const maxSectionChars = 3_000

const emojis: Readonly<Record<string, string>> = {
  info: ':information_source:',
  warning: ':warning:',
  critical: ':rotating_light:',
}

/**
 * An alert as a Slack message: blocks for the channel, `text` for notifications and readers that show no blocks. Text of an alert can't
 * become a mention, a link or a format.
 */
export function slackMessage(alert: Alert): IncomingWebhookSendArguments {
  const { rule, symbol, severity, status, window } = alert
  const atMs = alert.resolved_at_ms ?? alert.started_at_ms
  const emoji = status === 'resolved' ? ':white_check_mark:' : (emojis[severity] ?? ':bell:')
  const time = new Date(atMs).toISOString()
  const facts: [string, string][] = [
    ['Value', figure(alert.value)],
    ['Threshold', figure(alert.threshold)],
    ['Severity', severity],
    ['Window', window ?? 'none'],
  ]
  return {
    text: cut(escape(`${status === 'resolved' ? 'Resolved' : capitalised(severity)}: ${alert.text}`), maxSectionChars),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', emoji: true, text: cut(`${emoji} ${symbol} ${rule}`, maxHeaderChars) },
      },
      { type: 'section', text: { type: 'mrkdwn', verbatim: true, text: cut(escape(alert.text), maxSectionChars) } },
      {
        type: 'section',
        fields: facts.map(([name, text]) => ({ type: 'mrkdwn', verbatim: true, text: `*${name}*\n${escape(text)}` })),
      },
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            verbatim: true,
            text: `${status} since <!date^${Math.floor(atMs / 1000)}^{date_short_pretty} {time_secs}|${time}> (${time}) · ${escape(alert.id)}`,
          },
        ],
      },
    ],
  }
}

/** The three characters that Slack gives a meaning in mrkdwn text. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Cuts by code points, and never within one of `escape`'s replacements. */
function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const kept = text.slice(0, maxChars - 1).replace(/&[a-z]*$/, '')
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`
}

/** Rounded for people, thousands grouped: cents of large figures, six digits of small ones. The record has all digits. */
function figure(value: number): string {
  const digits = Math.abs(value) >= 1_000 ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 6 }
  return new Intl.NumberFormat('en-US', digits).format(value)
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
