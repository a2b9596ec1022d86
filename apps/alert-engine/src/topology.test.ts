import process from 'node:process'
import type { Rule } from '@tidemark/market'
import { inMemoryRegistry, topicNames, type Alert, type MarketMetrics } from '@tidemark/schemas'
import { StreamsError } from '@tidemark/streams'
import { FailingKafka, TopologyTestDriver } from '@tidemark/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quietMinute } from './metrics-fixture.ts'
import { alertCodecs, alertTopology } from './topology.ts'

const minuteMs = 60_000
const busy: Rule = {
  name: 'busy',
  metric: 'trade_count',
  window: '1m',
  comparison: 'at_least',
  threshold: 10,
  severity: 'warning',
  cooldown_ms: 5 * minuteMs,
}
const whales: Rule = { ...busy, name: 'whales', metric: 'whale_order_count', threshold: 1, cooldown_ms: 2 * minuteMs }

const failures = {
  'before it was committed': { error: answerLost(), isCommitted: false },
  'after it was committed': { error: answerLost(), isCommitted: true },
  'because the broker gave it up': { error: new StreamsError('fenced', 'it took too long'), isCommitted: false },
}

function answerLost(): StreamsError {
  return new StreamsError('broker-unavailable', 'the answer was lost', { retriable: true })
}

/** An alert engine that commits when it is told to, in one process whatever fails. */
function startEngine(rules: readonly Rule[] = [busy], kafka = new FailingKafka()) {
  const codecs = alertCodecs(inMemoryRegistry())
  const shown: string[] = []
  const delivery = {
    name: 'people',
    write: (records: readonly { value: Alert }[]) => {
      shown.push(...records.map(({ value }) => value.id))
      return Promise.resolve()
    },
  }
  const alerts = alertTopology({ codecs, rules, delivery, fired: () => undefined })
  const driver = new TopologyTestDriver(alerts, { kafka, commit: 'manual' })
  const metrics = driver.input(topicNames.marketMetrics, codecs.metrics)
  return {
    rules,
    kafka,
    driver,
    shown,
    /** A window, busy unless `fields` say otherwise. */
    window: (minute: number, { symbol = 'BTCUSDT', ...fields }: Partial<MarketMetrics> = {}) =>
      metrics.pipe(symbol, {
        ...quietMinute,
        symbol,
        trade_count: 10,
        window_start_ms: minute * minuteMs,
        window_end_ms: (minute + 1) * minuteMs,
        ...fields,
      }),
    /** What a failed commit leaves undone is done again: after a pause the task is opened anew, then it reads on. */
    commit: async () => {
      await driver.commit()
      driver.clock.advance(10_000)
      await driver.settle()
      await driver.settle()
      await driver.commit()
    },
    /** The alerts that have come to the topic since it was asked last: rule, symbol and minute. */
    alerts: () =>
      driver
        .read(topicNames.alerts, codecs.alert)
        .map(({ value }) => `${value.rule} ${value.symbol} ${(value.window_start_ms ?? NaN) / minuteMs}`),
  }
}

type Engine = ReturnType<typeof startEngine>

/** Another process, on the same Kafka. */
function killAndStart({ rules, driver, kafka }: Engine): Engine {
  driver.kill()
  return startEngine(rules, kafka)
}

describe.each(Object.entries(failures))('an alert whose commit failed %s', (_when, failure) => {
  test('is in its topic once, and people have it', async () => {
    const { kafka, window, commit, alerts, shown } = startEngine()
    await window(0)
    await window(1)
    kafka.failNext = failure
    await commit()
    expect(alerts()).toEqual(['busy BTCUSDT 0'])
    expect(new Set(shown)).toEqual(new Set(['busy:BTCUSDT:1m:0']))
  })

  test('silences its rule from then on as if nothing had failed', async () => {
    const { kafka, window, commit, alerts } = startEngine()
    await window(0)
    kafka.failNext = failure
    await commit()
    for (const minute of [1, 4, 5, 6]) await window(minute)
    await commit()
    expect(alerts()).toEqual(['busy BTCUSDT 0', 'busy BTCUSDT 5'])
  })
})

describe('after a kill', () => {
  test('an alert that was not committed comes once', async () => {
    const killed = startEngine()
    await killed.window(0)
    const { commit, alerts } = killAndStart(killed)
    await commit()
    expect(alerts()).toEqual(['busy BTCUSDT 0'])
  })

  test('a symbol stays silent for what is left of its cooldown, and others do not', async () => {
    let engine = startEngine()
    await engine.window(0)
    await engine.commit()
    engine = killAndStart(engine)
    for (const minute of [1, 2]) await engine.window(minute)
    await engine.commit()
    engine = killAndStart(engine)
    await engine.window(3, { symbol: 'ETHUSDT' })
    for (const minute of [4, 5]) await engine.window(minute)
    await engine.commit()
    expect(engine.alerts()).toEqual(['busy BTCUSDT 0', 'busy ETHUSDT 3', 'busy BTCUSDT 5'])
  })

  test('a cooldown is as long as its rule now says', async () => {
    const before = startEngine()
    await before.window(0)
    await before.driver.close()
    const after = startEngine([{ ...busy, cooldown_ms: 3 * minuteMs }], before.kafka)
    for (const minute of [1, 2, 3]) await after.window(minute)
    await after.commit()
    expect(after.alerts()).toEqual(['busy BTCUSDT 0', 'busy BTCUSDT 3'])
  })
})

test('only windows that meet a rule are written to the changelog', async () => {
  const { kafka, window, commit } = startEngine()
  const changelog = { topic: 'test-driver-process-cooldowns-changelog', partition: 0 }
  const end = () => kafka.partitions(changelog.topic)[0]?.endOffset
  await window(0)
  await commit()
  const endBefore = end()
  for (const minute of [1, 2, 3]) await window(minute, { trade_count: 9 })
  await commit()
  expect(end()).toBe(endBefore)
})

/** Each starts an engine for every kill. */
const numRuns = Math.ceil(Number(process.env['PROPERTY_RUNS'] ?? 2_000) / 20)

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('window' as const),
      minutesOn: fc.nat(3),
      fields: fc.record({
        symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT'),
        trade_count: fc.nat(20),
        whale_order_count: fc.nat(1),
      }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fail' as const), failure: fc.constantFrom(...Object.values(failures)) }),
  },
)

test('whatever fails and is killed, the alerts are those of an engine that nothing happened to', async () => {
  const alertsOf = async (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    let engine = startEngine([busy, whales])
    let minute = 0
    for (const next of steps) {
      if (next.kind === 'window') {
        minute += next.minutesOn
        await engine.window(minute, next.fields)
      } else if (next.kind === 'kill') engine = killAndStart(engine)
      else if (next.kind === 'commit') await engine.commit()
      else engine.kafka.failNext = next.failure
    }
    await engine.commit()
    return engine.alerts()
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      expect(await alertsOf(steps)).toEqual(await alertsOf(steps.filter(({ kind }) => kind === 'window')))
    }),
    { numRuns },
  )
})
