import fc from 'fast-check'
import { expect, it } from 'vitest'
import { alert } from './alert-fixture.ts'
import { slackMessage } from './slack-message.ts'

interface TextBlock {
  readonly type: string
  readonly text?: { readonly type: string; readonly text: string }
  readonly fields?: readonly { readonly text: string }[]
  readonly elements?: readonly { readonly text: string }[]
}

function blocksOf(change: Partial<typeof alert> = {}): readonly TextBlock[] {
  return slackMessage({ ...alert, ...change }).blocks as unknown as readonly TextBlock[]
}

it('has blocks for the channel and a text for notifications', () => {
  const { text, blocks } = slackMessage(alert)
  expect(text).toBe(`Warning: ${alert.text}`)
  expect(blocks?.map(({ type }) => type)).toEqual(['header', 'section', 'section', 'context'])
})

it('names symbol, rule, value, threshold, severity, window, time and id', () => {
  const [header, section, facts, context] = blocksOf()
  expect(header?.text).toMatchObject({ type: 'plain_text', text: ':warning: BTCUSDT high-volatility' })
  expect(section?.text).toMatchObject({ type: 'mrkdwn', text: alert.text })
  expect(facts?.fields?.map(({ text }) => text)).toEqual([
    '*Value*\n1.23457',
    '*Threshold*\n1',
    '*Severity*\nwarning',
    '*Window*\n1m',
  ])
  expect(context?.elements?.[0]?.text).toContain('2024-08-08T23:58:00.000Z')
  expect(context?.elements?.[0]?.text).toContain(alert.id)
})

it('says when it is resolved, by the time of that', () => {
  const { text, blocks } = slackMessage({ ...alert, status: 'resolved', resolved_at_ms: alert.started_at_ms + 60_000 })
  expect(text).toMatch(/^Resolved: /)
  expect(JSON.stringify(blocks)).toContain(':white_check_mark:')
  expect(JSON.stringify(blocks)).toContain('2024-08-08T23:59:00.000Z')
})

it('groups large figures and keeps small ones readable', () => {
  const [, , facts] = blocksOf({ value: 2_015_470.904, threshold: 0.000_012_345_678 })
  expect(facts?.fields?.slice(0, 2).map(({ text }) => text)).toEqual([
    '*Value*\n2,015,470.9',
    '*Threshold*\n0.0000123457',
  ])
})

it('lets no text of an alert become a mention or a link', () => {
  const message = slackMessage({ ...alert, text: '<!channel> & <https://x|y>', id: '<@U1>' })
  expect(message.text).toBe('Warning: &lt;!channel&gt; &amp; &lt;https://x|y&gt;')
  expect(JSON.stringify(message)).not.toMatch(/<!channel>|<https|<@U1>/)
})

it('stays within the lengths that Slack takes, in whole characters, whatever the texts', () => {
  const long = fc.string({ unit: fc.constantFrom('a', '<', '&', '😀', 'é'), minLength: 0, maxLength: 4_000 })
  fc.assert(
    fc.property(long, long, (text, rule) => {
      const [header, section] = blocksOf({ text, rule })
      expect(header?.text?.text.length).toBeLessThanOrEqual(150)
      expect(section?.text?.text.length).toBeLessThanOrEqual(3_000)
      expect(header?.text?.text.isWellFormed() && section?.text?.text.isWellFormed()).toBe(true)
      expect(section?.text?.text).not.toMatch(/&(?!(amp|lt|gt);)/)
    }),
  )
})
