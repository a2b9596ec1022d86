import { loadConfig, type ConfigError } from '@tidemark/service'
import { expect, it } from 'vitest'
import { configSchema } from './config.ts'

const env = {
  SCHEMA_REGISTRY_URL: 'http://localhost:8081/apis/ccompat/v7',
  INFLUX_URL: 'http://localhost:8086',
  INFLUX_TOKEN: 'hush',
  INFLUX_ORG: 'tidemark',
  INFLUX_BUCKET: 'market',
}

it('needs the registry and InfluxDB, and names all that is missing at once', () => {
  try {
    loadConfig(configSchema, {})
    expect.unreachable()
  } catch (error) {
    expect((error as ConfigError).issues.map((issue) => issue.split(' ')[0])).toEqual(Object.keys(env))
  }
})

it('serves its health on 8182 by default', () => {
  expect(loadConfig(configSchema, env)).toMatchObject({ HEALTH_PORT: 8182, KAFKA_BOOTSTRAP_SERVERS: 'localhost:9092' })
})
