import { expect, test } from 'vitest'
import { recordSchemas } from './record-schemas.ts'
import { topicNames, topics } from './topics.ts'

test('every topic has a name for code, and every name a topic', () => {
  expect(topics.map(({ name }) => name).sort()).toEqual(Object.values(topicNames).sort())
})

test('retention counts from arrival, so that a replay of old trades is not deleted while it is read', () => {
  for (const { name, config } of topics) expect(config, name).toHaveProperty('message.timestamp.type', 'LogAppendTime')
})

test('every topic is deleted from some time on, by segments shorter than that; positions alone are kept for ever', () => {
  expect(topics.filter(({ config }) => config['cleanup.policy'] === 'compact').map(({ name }) => name)).toEqual([
    'trade-producer-positions',
  ])
  for (const { name, config } of topics.filter(({ name }) => name !== 'trade-producer-positions')) {
    expect(config['cleanup.policy'], name).toMatch(/\bdelete\b/)
    expect(Number(config['segment.ms']), name).toBeLessThan(Number(config['retention.ms']))
  }
})

test('dead letters may be larger than their values, by their headers', () => {
  const deadLetterTopics = topics.filter(({ name }) => name.endsWith('-dlq'))
  expect(deadLetterTopics).toHaveLength(4)
  for (const { config, valueSchema } of deadLetterTopics) {
    expect(Number(config['max.message.bytes'])).toBeGreaterThan(900 * 1024 + 100_000)
    expect(valueSchema).toBeUndefined()
  }
})

test('every record on the wire has a topic', () => {
  const used = new Set(topics.flatMap(({ valueSchema }) => valueSchema ?? []))
  expect([...used].sort()).toEqual(Object.keys(recordSchemas).sort())
})
