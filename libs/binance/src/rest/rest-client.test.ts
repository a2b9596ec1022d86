import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualFeedClock } from '../manual-feed-clock.ts'
import { ExchangeFake, type FakeRoute } from './exchange-fake.ts'
import { RestClient, type RestClientOptions } from './rest-client.ts'
import { RestError } from './rest-error.ts'

const path = '/api/v3/ping'
let fake: ExchangeFake
let clock: ManualFeedClock

beforeEach(async () => {
  fake = await ExchangeFake.start()
  clock = new ManualFeedClock()
})

afterEach(() => fake[Symbol.asyncDispose]())

const clientOf = (options: Partial<RestClientOptions> = {}): RestClient =>
  new RestClient({ url: fake.url, clock, ...options })

async function failureOf(asking: Promise<unknown>): Promise<RestError> {
  const error = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof RestError) return error
  throw new Error('expected a RestError', { cause: error })
}

const answer = async (route: FakeRoute, options: Partial<RestClientOptions> = {}): Promise<RestError> => {
  fake.routes[path] = route
  return failureOf(clientOf(options).get({ path, weight: 1 }))
}

describe('a request', () => {
  it('gives the JSON of the answer, and asks for what it was given', async () => {
    fake.routes[path] = { body: { a: [1] } }
    const query = { symbols: '["A","B"]', limit: 5, fromId: undefined }
    expect(await clientOf().get({ path, query, weight: 1 })).toEqual({ a: [1] })
    expect(fake.asked).toEqual(['/api/v3/ping?symbols=["A","B"]&limit=5'])
  })

  it('asks for microseconds where they are wanted', async () => {
    fake.routes[path] = (_query, { headers }) => ({ body: { unit: headers['x-mbx-time-unit'] ?? null } })
    expect(await clientOf().get({ path, weight: 1, inMicroseconds: true })).toEqual({ unit: 'MICROSECOND' })
    expect(await clientOf().get({ path, weight: 1 })).toEqual({ unit: null })
  })

  it('without an answer in time is unavailable, and its timer is gone', async () => {
    fake.routes[path] = 'never'
    const arrived = fake.nextRequest()
    const failing = failureOf(clientOf({ timeoutMs: 5_000 }).get({ path, weight: 1 }))
    await arrived
    clock.advance(5_000)
    expect(await failing).toMatchObject({ code: 'unavailable', retriable: true })
    expect((await failing).message).toMatch(/^127\.0\.0\.1:\d+\/api\/v3\/ping did not answer within 5 s$/)
    expect(clock.timers).toBe(0)
  })

  it('that is given up rejects with the reason that its signal has', async () => {
    fake.routes[path] = 'never'
    const arrived = fake.nextRequest()
    const giveUp = new AbortController()
    const asking = clientOf().get({ path, weight: 1, signal: giveUp.signal })
    await arrived
    giveUp.abort(new Error('not needed any more'))
    await expect(asking).rejects.toThrow('not needed any more')
    expect(clock.timers).toBe(0)
  })

  it('to where nobody listens is unavailable, with the address and the likely cause', async () => {
    const gone = await ExchangeFake.start()
    const { url } = gone
    await gone[Symbol.asyncDispose]()
    const { host } = new URL(url)
    expect(await failureOf(clientOf({ url }).get({ path, weight: 1 }))).toMatchObject({
      code: 'unavailable',
      message: `nothing listens at ${host}: is it running, and is the address right?`,
    })
  })

  it('whose answer is too large is cut off', async () => {
    expect(await answer({ body: 'x'.repeat(100_000) }, { maxBodyBytes: 50_000 })).toMatchObject({ code: 'unavailable' })
  })
})

describe('an error', () => {
  const flat = { code: -1121, msg: 'Invalid symbol.' }

  it.each([
    ['flat', flat],
    ['nested', { error: flat }],
  ])('is understood %s', async (_form, body) => {
    const error = await answer({ status: 400, body })
    expect(error).toMatchObject({ code: 'unknown-symbol', exchangeCode: -1121, status: 400, retriable: false })
    expect(error.message).toMatch(/\/api\/v3\/ping answered with status 400: Invalid symbol\. \(-1121\)$/)
  })

  it.each([
    ['refused', 400, { code: -1102, msg: 'Mandatory parameter' }],
    ['refused', 400, 'garbage'],
    ['unauthorised', 401, { code: -2014, msg: 'API-key format invalid.' }],
    ['unauthorised', 400, { code: -2015, msg: 'Invalid API-key' }],
    ['unauthorised', 403, { code: -2015, msg: 'Invalid API-key' }],
    ['unavailable', 403, '<html>'],
    ['unauthorised', 451, ''],
    ['not-served', 404, '<html>'],
    ['not-served', 404, { code: -1000, msg: 'no such endpoint' }],
    ['unavailable', 500, ''],
    ['unavailable', 503, { code: -1016, msg: 'This service is no longer available.' }],
    ['unavailable', 400, { code: -1007, msg: 'Timeout' }],
    ['unavailable', 200, '<html>sign in</html>'],
    ['unavailable', 200, ''],
    ['rate-limited', 400, { code: -1003, msg: 'Too many requests' }],
  ])('is %s for status %i and %j', async (code, status, body) => {
    expect(await answer({ status, body })).toMatchObject({ code, status })
  })
})

describe('the budget', () => {
  const never = (client: RestClient) => failureOf(client.get({ path, weight: 1 }))

  it.each([429, 418])('after %i keeps still for as long as Retry-After says, and sends nothing', async (status) => {
    fake.routes[path] = { status, headers: { 'Retry-After': '7' }, body: { code: -1003, msg: 'Way too much' } }
    const client = clientOf()
    expect(await never(client)).toMatchObject({ code: 'rate-limited', status, retryAfterMs: 7_000 })
    fake.routes[path] = { body: {} }
    clock.advance(6_000)
    expect(await never(client)).toMatchObject({ code: 'rate-limited', retryAfterMs: 1_000, retriable: true })
    expect(fake.asked).toHaveLength(1)
    clock.advance(1_000)
    expect(await client.get({ path, weight: 1 })).toEqual({})
  })

  it('counts what the exchange says that others at this address have used', async () => {
    fake.routes[path] = { headers: { 'X-MBX-USED-WEIGHT-1M': '99' }, body: {} }
    const client = clientOf({ maxWeightPerMinute: 100 })
    await client.get({ path, weight: 1 })
    await client.get({ path, weight: 1 })
    fake.routes[path] = { headers: { 'X-MBX-USED-WEIGHT-1M': '100' }, body: {} }
    await client.get({ path, weight: 1 })
    const refusal = await never(client)
    expect(refusal).toMatchObject({ code: 'rate-limited', retryAfterMs: 60_000 })
    expect(refusal.message).toContain('was not asked: others at this address have used the weight up, for another 60 s')
    clock.advance(60_000)
    await client.get({ path, weight: 1 })
  })

  it('counts a request that had no answer', async () => {
    fake.routes[path] = 'never'
    const client = clientOf({ maxWeightPerMinute: 2 })
    for (const _ of [1, 2]) {
      const arrived = fake.nextRequest()
      const failing = never(client)
      await arrived
      clock.advance(12_000)
      await failing
    }
    expect(await never(client)).toMatchObject({ code: 'rate-limited' })
    expect(fake.asked).toHaveLength(2)
  })
})

describe('an address', () => {
  it.each(['wss://api.binance.com', 'api.binance.com', 'https://api.binance.com/api', 'https://api.binance.com?a=1'])(
    '%s is refused',
    (url) => {
      expect(() => new RestClient({ url })).toThrow(RangeError)
    },
  )

  it('may end in a slash', () => {
    expect(new RestClient({ url: 'https://api.binance.com/' }).url).toBe('https://api.binance.com')
  })
})
