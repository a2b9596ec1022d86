import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { isGoNewEnough } from './build-influxd.ts'
import { stackEnvironment } from './environment.ts'
import { parseInfluxVersion } from './find-influxd.ts'
import { parseRetentionSeconds } from './influx-server.ts'
import { kafkaProperties, type KafkaNode } from './kafka-properties.ts'
import { influxVersion, kafkaVersion } from './versions.ts'

const fileBeside = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

describe('versions', () => {
  it('of Kafka are one in code and in the POM', async () => {
    expect(await fileBeside('kafka/pom.xml')).toContain(
      `<artifactId>kafka_2.13</artifactId>\n      <version>${kafkaVersion}</version>`,
    )
  })

  it('of InfluxDB are one in code and in go.mod', async () => {
    expect(await fileBeside('influxd/go.mod')).toContain(`github.com/influxdata/influxdb/v2 v${influxVersion} `)
  })
})

describe('stackEnvironment', () => {
  it('points an app at the stack, under the names of the contract', () => {
    const stack = {
      bootstrapServers: '127.0.0.1:9092',
      registryUrl: 'http://127.0.0.1:8081/apis/ccompat/v7',
      influxUrl: 'http://127.0.0.1:8086',
    }
    expect(stackEnvironment(stack)).toEqual({
      KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:9092',
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081/apis/ccompat/v7',
      INFLUX_URL: 'http://127.0.0.1:8086',
      INFLUX_TOKEN: 'tidemark-dev-token',
      INFLUX_ORG: 'tidemark',
      INFLUX_BUCKET: 'market',
    })
  })
})

describe('kafkaProperties', () => {
  const node = { nodeId: 1, port: 1234, controllerPort: 1235 }
  const propertiesOf = (nodes: KafkaNode[]) => kafkaProperties({ node, nodes, logDir: '/d', brokerSessionTimeoutMs: 7 })
  const properties = propertiesOf([node])

  it('listens on loopback only', () => {
    expect(properties).toContain('listeners=PLAINTEXT://127.0.0.1:1234,CONTROLLER://127.0.0.1:1235\n')
    expect(properties).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:1234\n')
  })

  it('makes no topic by itself', () => {
    expect(properties).toContain('auto.create.topics.enable=false\n')
  })

  it.each([
    [1, 1, 1],
    [2, 2, 1],
    [3, 3, 2],
    [5, 3, 2],
  ])('of one of %i nodes keep %i replicas of all, of which %i must be in sync', (count, replicas, minInSync) => {
    const others = Array.from({ length: count - 1 }, (_, index) => ({ ...node, nodeId: index + 2 }))
    const settings = propertiesOf([node, ...others])
    const replicated = ['default', 'offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic']
    for (const name of replicated) expect(settings).toContain(`${name}.replication.factor=${replicas}\n`)
    const inSync = ['min.insync.replicas', 'transaction.state.log.min.isr', 'share.coordinator.state.topic.min.isr']
    for (const name of inSync) expect(settings).toContain(`${name}=${minInSync}\n`)
  })

  it('name every voter of the quorum', () => {
    const voters = 'controller.quorum.voters=1@127.0.0.1:1235,2@127.0.0.1:1237\n'
    expect(propertiesOf([node, { nodeId: 2, port: 1236, controllerPort: 1237 }])).toContain(voters)
  })
})

describe('parseRetentionSeconds', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['infinite', 0],
    ['0', 0],
    ['3600', 3600],
    ['3600s', 3600],
    ['90m', 5400],
    ['24h', 86_400],
    ['30d', 2_592_000],
    ['2w', 1_209_600],
  ])('reads %j as %d s', (text, seconds) => {
    expect(parseRetentionSeconds(text)).toBe(seconds)
  })

  it.each(['-1', '1y', '1.5h', 'forever'])('refuses %j, naming the setting', (text) => {
    expect(() => parseRetentionSeconds(text)).toThrow(/INFLUX_RETENTION/)
  })
})

describe('isGoNewEnough', () => {
  it.each([
    ['go version go1.24.0 linux/amd64', true],
    ['go version go1.26.8 linux/amd64', true],
    ['go version go2.0 linux/amd64', true],
    ['go version go1.23.9 linux/amd64', false],
    [undefined, false],
  ])('%j: %s', (version, isEnough) => {
    expect(isGoNewEnough(version)).toBe(isEnough)
  })
})

describe('parseInfluxVersion', () => {
  it.each([
    ['InfluxDB 2.7.12 (git: none) build_date: 2026-01-01T00:00:00Z', '2.7.12'],
    ['InfluxDB v2.7.12 (git: ec9dcde5d6) build_date: 2025-05-20T22:48:49Z', '2.7.12'],
    ['InfluxDB v1.8.10 (git: 1.8 688e697c51)', '1.8.10'],
    ['something else', undefined],
  ])('of %j is %s', (output, version) => {
    expect(parseInfluxVersion(output)).toBe(version)
  })
})
