import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError, loadConfig, printableConfig, type Environment } from './config.ts'
import { commaList, durationMs, durationS, flag, httpUrl, port, secret, serviceFields } from './fields.ts'

const schema = z.object({
  ...serviceFields(8182),
  INFLUX_URL: httpUrl(),
  INFLUX_TOKEN: secret('an InfluxDB token, or INFLUX_TOKEN_FILE'),
  SLACK_WEBHOOK_URL: secret().optional(),
  SYMBOLS: commaList('symbols').default(['BTCUSDT']),
  GRACE_MS: durationMs({ min: 1 }).default(2000),
})
const valid = { INFLUX_URL: 'http://localhost:8086', INFLUX_TOKEN: 'opensesame' }

function issuesOf(env: Environment, readFile?: (path: string) => string): readonly string[] {
  try {
    loadConfig(schema, env, readFile === undefined ? {} : { readFile })
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
  return []
}

describe('loadConfig', () => {
  it('reads typed values and fills in defaults', () => {
    expect(loadConfig(schema, { ...valid, SYMBOLS: ' ETHUSDT, BTCUSDT ,', GRACE_MS: '500', HEALTH_PORT: '0' })).toEqual(
      {
        ...valid,
        SYMBOLS: ['ETHUSDT', 'BTCUSDT'],
        GRACE_MS: 500,
        HEALTH_PORT: 0,
        HEALTH_HOST: '0.0.0.0',
        LOG_LEVEL: 'info',
      },
    )
  })

  it('lists every wrong setting at once, with its name, what it got and what is expected', () => {
    expect(issuesOf({ HEALTH_PORT: '70000', INFLUX_URL: 'influx:8086', GRACE_MS: '0', LOG_LEVEL: 'loud' })).toEqual([
      'HEALTH_PORT is "70000": expected a port from 0 to 65535 (0: any free one)',
      'LOG_LEVEL is "loud": expected one of silent, fatal, error, warn, info, debug, trace',
      'INFLUX_URL is "influx:8086": expected an address that begins with http:// or https://',
      'INFLUX_TOKEN is not set: expected an InfluxDB token, or INFLUX_TOKEN_FILE',
      'GRACE_MS is "0": expected a duration in whole milliseconds of at least 1',
    ])
  })

  it('says all of it in the message', () => {
    expect(() => loadConfig(schema, {})).toThrow(
      /^2 settings are wrong:\n {2}INFLUX_URL is not set.*\n {2}INFLUX_TOKEN is not set/,
    )
  })

  it('takes an empty variable for unset', () => {
    expect(loadConfig(schema, { ...valid, HEALTH_PORT: '', SLACK_WEBHOOK_URL: '' })).toMatchObject({
      HEALTH_PORT: 8182,
    })
    expect(issuesOf({ ...valid, INFLUX_TOKEN: '' })).toEqual([expect.stringContaining('INFLUX_TOKEN is not set')])
  })

  it('never shows what a secret got', () => {
    const strict = z.object({ KEY: secret('a key of ten characters').length(10) })
    const derived = z.object({
      KEY: secret('a key')
        .transform((text) => text.toUpperCase())
        .pipe(z.literal('OTHER')),
    })
    expect(() => loadConfig(derived, { KEY: 'hunter2' })).toThrow(
      /KEY is not valid \(not shown: a secret\): expected a key/,
    )
    expect(() => loadConfig(strict, { KEY: 'hunter2' })).toThrow(ConfigError)
    expect(() => loadConfig(strict, { KEY: 'hunter2' })).not.toThrow(/hunter2/)
  })

  it('hides a password within an address', () => {
    const addresses = z.object({ REGISTRY: z.string().startsWith('https') })
    expect(() => loadConfig(addresses, { REGISTRY: 'http://me:pass@host' })).toThrow(/"http:\/\/me:\(hidden\)@host"/)
  })

  it('reads numbers in decimal digits only', () => {
    expect(issuesOf({ ...valid, GRACE_MS: '1e3' })).toHaveLength(1)
    expect(issuesOf({ ...valid, GRACE_MS: ' 5' })).toHaveLength(1)
    expect(issuesOf({ ...valid, GRACE_MS: '9007199254740993' })).toHaveLength(1)
  })

  it('reads flags, seconds and ports', () => {
    const fields = z.object({ SSL: flag(), DELAY_S: durationS(), PORT: port() })
    expect(loadConfig(fields, { SSL: 'true', DELAY_S: '0.5', PORT: '9092' })).toEqual({
      SSL: true,
      DELAY_S: 0.5,
      PORT: 9092,
    })
    expect(() => loadConfig(fields, { SSL: 'yes', DELAY_S: '-1', PORT: '-1' })).toThrow(/^3 settings are wrong/)
  })
})

describe('a secret from a file', () => {
  const files: Record<string, string> = { '/run/secrets/token': 'from-file\n' }
  const readFile = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new Error('no such file')
    return text
  }

  it('is read without its trailing line break', () => {
    const env = { INFLUX_URL: valid.INFLUX_URL, INFLUX_TOKEN_FILE: '/run/secrets/token' }
    expect(loadConfig(schema, env, { readFile }).INFLUX_TOKEN).toBe('from-file')
  })

  it('is an error where the file cannot be read, beside all other errors and named once', () => {
    expect(issuesOf({ INFLUX_TOKEN_FILE: '/nowhere' }, readFile)).toEqual([
      'INFLUX_TOKEN_FILE is "/nowhere": expected a readable file (no such file)',
      expect.stringContaining('INFLUX_URL is not set'),
    ])
  })

  it('is an error where the secret itself is set too', () => {
    expect(issuesOf({ ...valid, INFLUX_TOKEN_FILE: '/run/secrets/token' }, readFile)).toEqual([
      'INFLUX_TOKEN and INFLUX_TOKEN_FILE are both set: unset one of them',
    ])
  })

  it('is offered for secrets only', () => {
    expect(issuesOf({ INFLUX_TOKEN: 't', INFLUX_URL_FILE: '/run/secrets/token' }, readFile)).toEqual([
      expect.stringContaining('INFLUX_URL is not set'),
    ])
  })
})

describe('printableConfig', () => {
  it('shows settings, but of secrets only that they are set', () => {
    const config = loadConfig(schema, {
      ...valid,
      INFLUX_URL: 'http://me:pass@influx:8086',
      SLACK_WEBHOOK_URL: 'https://hooks/T/B',
    })
    const printed = printableConfig(schema, config)
    expect(printed).toMatchObject({
      INFLUX_URL: 'http://me:(hidden)@influx:8086',
      INFLUX_TOKEN: '(set)',
      SLACK_WEBHOOK_URL: '(set)',
      SYMBOLS: ['BTCUSDT'],
    })
    expect(JSON.stringify(printed)).not.toMatch(/opensesame|pass@|hooks/)
  })

  it('leaves out what is unset', () => {
    expect(printableConfig(schema, loadConfig(schema, valid))).not.toHaveProperty('SLACK_WEBHOOK_URL')
  })
})
