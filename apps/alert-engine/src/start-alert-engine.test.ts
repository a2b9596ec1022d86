import { avroCodec, inMemoryRegistry, type Alert, type MarketMetrics } from '@tidemark/schemas'
import { createLogger, createMetrics, loadConfig } from '@tidemark/service'
import { RecordCollector, type Codec } from '@tidemark/streams'
import { InMemoryKafka } from '@tidemark/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { PostOutcome } from './alert-channel.ts'
import { configSchema } from './config.ts'
import { quietMinute } from './metrics-fixture.ts'
import { startAlertEngine } from './start-alert-engine.ts'

const minuteMs = 60_000
const firstMs = 1_723_161_420_000
const env = { SCHEMA_REGISTRY_URL: 'http://localhost:8081', COMMIT_INTERVAL_MS: '0' }
const rules = `rules:
  - { name: busy, metric: trade_count, window: 1m, comparison: at_least, threshold: 10, severity: warning, cooldown_ms: 300000 }
`

let kafka: InMemoryKafka
let metricsCodec: Codec<MarketMetrics>
let alertCodec: Codec<Alert>

beforeEach(async () => {
  kafka = new InMemoryKafka()
  kafka.createTopic('market-metrics', 2)
  kafka.createTopic('alerts')
  kafka.createTopic('alert-engine-dlq')
  const registry = inMemoryRegistry()
  await registry.register('market-metrics-value', 'MarketMetrics')
  await registry.register('alerts-value', 'Alert')
  metricsCodec = avroCodec<MarketMetrics>('MarketMetrics', { registry, subject: 'market-metrics-value' })
  alertCodec = avroCodec<Alert>('Alert', { registry, subject: 'alerts-value' })
})

/** Writes windows of trades, by symbol and minute. */
async function given(
  ...windows: readonly (readonly [symbol: string, minute: number, trades: number])[]
): Promise<void> {
  await metricsCodec.prepare?.()
  const collector = new RecordCollector(kafka.producer())
  await collector.open('market-metrics')
  for (const [symbol, minute, trade_count] of windows) {
    const value = { ...quietMinute, symbol, trade_count, window_start_ms: firstMs + minute * minuteMs }
    const window = { ...value, window_end_ms: value.window_start_ms + minuteMs }
    collector.add({ topic: 'market-metrics', key: symbol, value: window, codec: metricsCodec, timestampMs: 0 })
  }
  await collector.flush()
}

/** Runs until `count` alerts were posted, then stops. */
async function run(
  count: number,
  options: { post?: (alert: Alert) => PostOutcome; extra?: Record<string, string>; nowMs?: number } = {},
) {
  const { post = () => ({ ok: true }), extra = {}, nowMs = firstMs } = options
  const posted: Alert[] = []
  const done = Promise.withResolvers<void>()
  if (count === 0) done.resolve()
  const service = await startAlertEngine({
    config: loadConfig(configSchema, { ...env, ALERT_RULES: 'rules.yaml', ...extra }),
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics: createMetrics(),
    signal: new AbortController().signal,
    kafka: {
      consumer: (options) => kafka.consumer(options),
      producer: () => kafka.producer(),
      logReader: () => kafka.logReader(),
      transactionalProducer: (options) => kafka.transactionalProducer(options),
      ensureTopics: (topics) => kafka.ensureTopics(topics),
      close: async () => undefined,
    },
    codecs: { metrics: metricsCodec, alert: alertCodec },
    channel: {
      name: 'fake',
      post: async (alert) => {
        if (posted.push(alert) === count) done.resolve()
        return post(alert)
      },
    },
    readFile: () => rules,
    nowMs: () => nowMs,
  })
  await done.promise
  await service.stop()
  return { posted, health: service.health() }
}

function alertTopic(): { key: string | undefined; alert: Alert }[] {
  return kafka.batchesFrom({ topic: 'alerts', partition: 0 }, 0).flatMap((batch) => {
    const cursor = batch.cursor()
    const found = []
    while (cursor.next()) {
      const decoded = alertCodec.decode(cursor.bytes, cursor.valueStart, cursor.valueEnd)
      if (decoded.ok) found.push({ key: cursor.key()?.toString(), alert: { ...decoded.value } })
    }
    return found
  })
}

const committed = (): number =>
  [...kafka.group('alert-engine').offsets.values()].reduce((sum, { offset }) => sum + offset, 0)

it('posts an alert for each rule and symbol that a window meets, and keeps it in the topic by its id', async () => {
  await given(['BTCUSDT', 0, 10], ['ETHUSDT', 0, 9], ['BNBUSDT', 0, 11])
  const { posted, health } = await run(2)
  const ids = [`busy:BNBUSDT:1m:${firstMs}`, `busy:BTCUSDT:1m:${firstMs}`]
  expect(posted.map(({ id }) => id).sort()).toEqual(ids)
  expect(
    alertTopic()
      .map(({ key }) => key)
      .sort(),
  ).toEqual(ids)
  expect(alertTopic().map(({ alert }) => alert)).toEqual(expect.arrayContaining(posted))
  expect(health).toMatchObject({ rules: 1, channel: 'fake', alerts_fired: 2, alerts_sent: 2 })
  expect(committed()).toBe(3)
})

it('alerts once while a cooldown runs in event time, and again after it, however fast the replay', async () => {
  await given(...Array.from({ length: 12 }, (_, minute) => ['BTCUSDT', minute, 10] as const))
  const { posted } = await run(3)
  expect(posted.map(({ window_start_ms }) => ((window_start_ms ?? 0) - firstMs) / minuteMs)).toEqual([0, 5, 10])
})

it('goes on after an alert that is refused', async () => {
  await given(['BTCUSDT', 0, 10], ['BTCUSDT', 5, 10])
  const refused = { ok: false as const, failure: { kind: 'refused' as const, message: 'invalid_blocks' } }
  const { health } = await run(2, {
    post: ({ window_start_ms }) => (window_start_ms === firstMs ? refused : { ok: true }),
  })
  expect(health).toMatchObject({ alerts_fired: 2, alerts_refused: 1, alerts_sent: 1 })
  expect(committed()).toBe(2)
})

it('keeps alerts that are too old to be shown in the topic', async () => {
  await given(['BTCUSDT', 0, 10], ['ETHUSDT', 60, 10])
  const { posted, health } = await run(1, { extra: { ALERT_MAX_AGE_MS: '60000' }, nowMs: firstMs + 61 * minuteMs })
  expect(posted.map(({ symbol }) => symbol)).toEqual(['ETHUSDT'])
  expect(alertTopic()).toHaveLength(2)
  expect(health).toMatchObject({ alerts_too_old: 1, alerts_sent: 1 })
})

describe('the rules', () => {
  it('are the built-in ones without a file', async () => {
    const { health } = await run(0, { extra: { ALERT_RULES: '' } })
    expect(health).toMatchObject({ rules: 4 })
  })

  it('that are wrong stop the start, all errors named', async () => {
    const broken = 'rules: [{ name: a }]'
    const start = startAlertEngine({
      config: loadConfig(configSchema, { ...env, ALERT_RULES: 'rules.yaml' }),
      readFile: () => broken,
    } as unknown as Parameters<typeof startAlertEngine>[0])
    await expect(start).rejects.toThrow(
      /^a setting is wrong:\n {2}ALERT_RULES rules.yaml has 6 errors:\n {4}rule a: metric: .*\n {4}rule a: window: /,
    )
  })
})
