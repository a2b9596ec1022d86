import { expect, it } from 'vitest'
import { ConfigError, loadConfig, type Environment } from './config.ts'
import { httpUrl } from './fields.ts'
import { kafkaConfig, kafkaSettings } from './kafka-config.ts'

const schema = kafkaConfig({ SCHEMA_REGISTRY_URL: httpUrl() })
const own = { SCHEMA_REGISTRY_URL: 'http://localhost:8081/apis/ccompat/v7' }

function issuesOf(env: Environment): readonly string[] {
  try {
    loadConfig(schema, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
  return []
}

it('connects to this machine, plainly, where nothing is set', () => {
  expect(kafkaSettings(loadConfig(schema, own))).toEqual({ bootstrapServers: 'localhost:9092' })
})

it('takes several brokers, and addresses of IPv6 in brackets', () => {
  const KAFKA_BOOTSTRAP_SERVERS = 'a:9092,b.example:9093, [::1]:9094'
  expect(kafkaSettings(loadConfig(schema, { ...own, KAFKA_BOOTSTRAP_SERVERS }))).toEqual({
    bootstrapServers: KAFKA_BOOTSTRAP_SERVERS,
  })
  expect(issuesOf({ ...own, KAFKA_BOOTSTRAP_SERVERS: 'localhost' })).toEqual([
    'KAFKA_BOOTSTRAP_SERVERS is "localhost": expected brokers as host:port, separated by commas',
  ])
})

it('passes on TLS files and SASL credentials', () => {
  const config = loadConfig(schema, {
    ...own,
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA: 'PEM',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'tidemark',
    KAFKA_SASL_PASSWORD: 'hush',
  })
  expect(kafkaSettings(config)).toEqual({
    bootstrapServers: 'localhost:9092',
    ssl: { ca: 'PEM' },
    sasl: { mechanism: 'scram-sha-512', username: 'tidemark', password: 'hush' },
  })
})

it('asks for TLS with the authorities of the system where no certificate is given', () => {
  expect(kafkaSettings(loadConfig(schema, { ...own, KAFKA_SSL: 'true' }))).toMatchObject({ ssl: true })
})

it('lists contradictions between settings beside settings that are wrong by themselves', () => {
  expect(issuesOf({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SSL_CERT: 'PEM' })).toEqual([
    expect.stringContaining('SCHEMA_REGISTRY_URL is not set'),
    'KAFKA_SASL_USERNAME is not set: KAFKA_SASL_MECHANISM needs it',
    'KAFKA_SASL_PASSWORD is not set: KAFKA_SASL_MECHANISM needs it',
    'KAFKA_SSL_KEY is not set: KAFKA_SSL_CERT needs it',
    'KAFKA_SSL is not true: KAFKA_SSL_CERT has no effect without it',
  ])
})

it('names the mechanisms it knows', () => {
  expect(
    issuesOf({ ...own, KAFKA_SASL_MECHANISM: 'kerberos', KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'hush' }),
  ).toEqual(['KAFKA_SASL_MECHANISM is "kerberos": expected one of plain, scram-sha-256, scram-sha-512'])
})
