import { readFileSync } from 'node:fs'
import process from 'node:process'
import { kafkaPorts } from '@tidemark/kafka'
import { connectRegistry } from '@tidemark/schemas'
import { kafkaSettings, runService } from '@tidemark/service'
import { configSchema } from './config.ts'
import { logChannel } from './log-channel.ts'
import { slackChannel } from './slack-channel.ts'
import { applicationId, startAlertEngine } from './start-alert-engine.ts'
import { alertCodecs } from './topology.ts'

await runService({
  name: applicationId,
  config: configSchema,
  process,
  start: (context) => {
    const { config, logger } = context
    const registry = connectRegistry({ url: config.SCHEMA_REGISTRY_URL })
    const webhookUrl = config.SLACK_WEBHOOK_URL
    return startAlertEngine({
      ...context,
      kafka: kafkaPorts({ ...kafkaSettings(config), clientId: applicationId, logger }),
      codecs: alertCodecs(registry),
      channel: webhookUrl === undefined ? logChannel(logger) : slackChannel({ webhookUrl }),
      readFile: (path) => readFileSync(path, 'utf8'),
      nowMs: Date.now,
    })
  },
})
