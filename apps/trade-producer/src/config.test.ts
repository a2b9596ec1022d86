import { ConfigError, loadConfig, type Environment } from '@tidemark/service'
import { describe, expect, it } from 'vitest'
import { producerConfig, type ProducerConfig } from './config.ts'

const load = (env: Environment): ProducerConfig =>
  loadConfig(producerConfig, { SCHEMA_REGISTRY_URL: 'http://localhost:8081/apis/ccompat/v7', ...env })

function issuesOf(env: Environment): readonly string[] {
  try {
    loadConfig(producerConfig, env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
}

describe('the settings', () => {
  it('default to the live exchange and three symbols', () => {
    expect(load({})).toMatchObject({
      KAFKA_TOPIC: 'binance-trades',
      KAFKA_DLQ_TOPIC: 'binance-trades-dlq',
      SYMBOLS: [['BTCUSDT', 'ETHUSDT', 'BNBUSDT']],
      SHARD: 0,
      FEED_CONNECTIONS: 1,
      COMMIT_INTERVAL_MS: 50,
      BINANCE_WS_URL: 'wss://data-stream.binance.vision',
      RECONNECT_DELAY_S: 5,
      MAX_RECONNECT_DELAY_S: 60,
      HEALTH_PORT: 8080,
    })
  })

  it('take symbols in any case, each once', () => {
    expect(load({ SYMBOLS: 'btcusdt, ETHUSDT,BTCUSDT' }).SYMBOLS).toEqual([['BTCUSDT', 'ETHUSDT']])
  })

  it('take shards, and refuse one that is not there, one without symbols, and a symbol in two of them', () => {
    expect(load({ SYMBOLS: 'A,B;C', SHARD: '1' })).toMatchObject({ SYMBOLS: [['A', 'B'], ['C']], SHARD: 1 })
    expect(() => load({ SYMBOLS: 'A,B;C', SHARD: '2' })).toThrow('SHARD is 2: SYMBOLS has shards from 0 to 1')
    expect(load({ SYMBOLS: 'A,B;C', SYMBOLS_FILE: 'symbols', SHARD: '2' })).toMatchObject({ SHARD: 2 })
    expect(() => load({ SYMBOLS: 'A;;C' })).toThrow('no shard empty')
    expect(() => load({ SYMBOLS: 'A,B;C,b' })).toThrow('no symbol in two')
  })

  it('commit well before Kafka would abort the transaction', () => {
    expect(load({ COMMIT_INTERVAL_MS: '10000' }).COMMIT_INTERVAL_MS).toBe(10_000)
    expect(() => load({ COMMIT_INTERVAL_MS: '15000' })).toThrow(
      'COMMIT_INTERVAL_MS is "15000": expected milliseconds from 0 to 10000: Kafka aborts transactions that are open for 15 s',
    )
  })

  it('are all judged at once, each wrong one named with what it was and what is expected', () => {
    const issues = issuesOf({ BINANCE_WS_URL: 'https://example.com', RECONNECT_DELAY_S: '0', SYMBOLS: ',' })
    expect(issues.map((issue) => issue.split(' ')[0]).sort()).toEqual([
      'BINANCE_WS_URL',
      'RECONNECT_DELAY_S',
      'SCHEMA_REGISTRY_URL',
      'SYMBOLS',
    ])
    expect(issues).toContain(
      'BINANCE_WS_URL is "https://example.com": expected a ws:// or wss:// address without a path',
    )
  })

  it('are refused where the longest delay is shorter than the first', () => {
    expect(() => load({ RECONNECT_DELAY_S: '10', MAX_RECONNECT_DELAY_S: '5' })).toThrow(
      'MAX_RECONNECT_DELAY_S is below',
    )
  })
})
