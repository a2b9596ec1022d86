import { ConfigError, loadConfig, printableConfig } from '@tidemark/service'
import { expect, it } from 'vitest'
import { configSchema } from './config.ts'

const SCHEMA_REGISTRY_URL = 'http://localhost:8081/apis/ccompat/v7'
const SLACK_WEBHOOK_URL = 'https://hooks.slack.example/services/T000/B000/hush'

it('needs the registry only: built-in rules, alerts of any age, shown in the log', () => {
  expect(loadConfig(configSchema, { SCHEMA_REGISTRY_URL })).toMatchObject({ HEALTH_PORT: 8183 })
})

it('keeps the webhook secret, which is all that is needed to post', () => {
  const config = loadConfig(configSchema, { SCHEMA_REGISTRY_URL, SLACK_WEBHOOK_URL })
  expect(config.SLACK_WEBHOOK_URL).toBe(SLACK_WEBHOOK_URL)
  expect(JSON.stringify(printableConfig(configSchema, config))).not.toContain('hush')
})

it('does not tell a wrong webhook either', () => {
  const load = () => loadConfig(configSchema, { SCHEMA_REGISTRY_URL, SLACK_WEBHOOK_URL: 'hush' })
  expect(load).toThrow(ConfigError)
  expect(load).not.toThrow(/hush/)
})
