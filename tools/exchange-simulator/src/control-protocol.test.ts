import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerControl } from './control-protocol.ts'
import type { Subscriptions } from './control-protocol.ts'
import { MAX_STREAMS } from './stream-url.ts'

const none: Subscriptions = { streams: new Set(), combined: false }
const some: Subscriptions = { streams: new Set(['a@trade', 'b@trade']), combined: true }
const request = (method: string, params: unknown, id: unknown = 1) => JSON.stringify({ method, params, id })
const streams = (subscriptions: Subscriptions) => [...subscriptions.streams]

describe('control messages', () => {
  it('subscribe, once each, in order', () => {
    const { reply, subscriptions } = answerControl(request('SUBSCRIBE', ['c@trade', 'a@trade', 'd@trade']), some)
    expect(reply).toBe('{"result":null,"id":1}')
    expect(streams(subscriptions)).toEqual(['a@trade', 'b@trade', 'c@trade', 'd@trade'])
  })

  it('unsubscribe, also what was never subscribed', () => {
    const { reply, subscriptions } = answerControl(request('UNSUBSCRIBE', ['a@trade', 'x@trade'], 312), some)
    expect(reply).toBe('{"result":null,"id":312}')
    expect(streams(subscriptions)).toEqual(['b@trade'])
  })

  it('list the subscriptions', () => {
    expect(answerControl('{"method":"LIST_SUBSCRIPTIONS","id":3}', some).reply).toBe(
      '{"result":["a@trade","b@trade"],"id":3}',
    )
    expect(answerControl(request('LIST_SUBSCRIPTIONS', [], 3), none).reply).toBe('{"result":[],"id":3}')
  })

  it('read and write the property combined', () => {
    expect(answerControl(request('GET_PROPERTY', ['combined'], 2), some).reply).toBe('{"result":true,"id":2}')
    const { reply, subscriptions } = answerControl(request('SET_PROPERTY', ['combined', false], 5), some)
    expect(reply).toBe('{"result":null,"id":5}')
    expect(subscriptions).toEqual({ ...some, combined: false })
  })

  it.each([
    '1',
    '0',
    '-7',
    '9223372036854775807',
    '-9223372036854775808',
    '"a"',
    '"8e3e44b1-5a3a-4f0e-9d0a-6a5d2f0c1b2d"',
    'null',
  ])('echo the id %s as it was written', (id) => {
    expect(
      answerControl(`{"params":[{"id":2}],"id":${id},"method":"LIST_SUBSCRIPTIONS","x":{"id":3}}`, none).reply,
    ).toContain(`,"id":${id}}`)
    expect(answerControl(`{"method":"LIST_SUBSCRIPTIONS","id":${id}}`, none).reply).toBe(`{"result":[],"id":${id}}`)
  })

  it.each(['1.5', '9223372036854775808', 'true', '[1]', '{}', `"${'a'.repeat(37)}"`, '"a b"'])(
    'refuse the id %s',
    (id) => {
      const { reply } = answerControl(`{"method":"LIST_SUBSCRIPTIONS","id":${id}}`, none)
      expect(reply).toBe('{"error":{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}}')
    },
  )

  it('refuse more than 1,024 streams, and keep those there are', () => {
    const names = Array.from({ length: MAX_STREAMS - 2 }, (_, index) => `s${index}`)
    expect(answerControl(request('SUBSCRIBE', names), some).subscriptions.streams.size).toBe(MAX_STREAMS)
    const { reply, subscriptions } = answerControl(request('SUBSCRIBE', [...names, 'x'], 19), some)
    expect(reply).toBe('{"error":{"code":4,"msg":"Too many subscriptions"},"id":19}')
    expect(subscriptions).toBe(some)
  })
})

describe('errors of control messages', () => {
  const methods = '`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`'

  it.each([
    ['{"method":"SUBSCRIBE","params":["a"]}', 2, 'Invalid request: request ID must be an unsigned integer'],
    ['{"id":1}', 2, 'Invalid request: missing field `method` at line 1 column 8'],
    ['[]', 2, 'Invalid request: missing field `method` at line 1 column 2'],
    [
      '{"method":"SUBSCRIB","id":1}',
      2,
      `Invalid request: unknown variant SUBSCRIB, expected one of ${methods} at line 1 column 20`,
    ],
    [request('SET_PROPERTY', ['odd', true]), 0, 'Unknown property'],
    [request('GET_PROPERTY', ['odd']), 0, 'Unknown property'],
    [request('SET_PROPERTY', ['combined', 'yes']), 1, 'Invalid value type: expected Boolean'],
    [request('SET_PROPERTY', ['combined']), 1, 'Invalid value type: expected Boolean'],
    [request('GET_PROPERTY', []), 2, 'Invalid request: property name must be a string'],
    [request('GET_PROPERTY', [1]), 2, 'Invalid request: property name must be a string'],
    [request('GET_PROPERTY', ['combined', 1]), 2, 'Invalid request: too many parameters'],
    [request('SET_PROPERTY', ['combined', true, 1]), 2, 'Invalid request: too many parameters'],
    [request('LIST_SUBSCRIPTIONS', ['a']), 2, 'Invalid request: too many parameters'],
    [request('SUBSCRIBE', 'a@trade'), 2, 'Invalid request: params must be a list of stream names'],
    ['hello', 3, 'Invalid JSON: expected value at line 1 column 1'],
    ['{"method":', 3, 'Invalid JSON: expected value at line 1 column 11'],
    ['{\n "id": x}', 3, 'Invalid JSON: expected value at line 2 column 8'],
  ])('%s', (text, code, msg) => {
    expect(JSON.parse(answerControl(text, some).reply)).toMatchObject({ error: { code, msg } })
    expect(JSON.parse(answerControl(text, some, 'flat').reply)).toMatchObject({ code, msg })
    expect(answerControl(text, some).subscriptions).toBe(some)
  })

  it('carry the id of the request in both shapes', () => {
    const text = request('GET_PROPERTY', ['odd'], 'x-1')
    expect(answerControl(text, none).reply).toBe('{"error":{"code":0,"msg":"Unknown property"},"id":"x-1"}')
    expect(answerControl(text, none, 'flat').reply).toBe('{"code":0,"msg":"Unknown property","id":"x-1"}')
  })

  it('never come as an exception: any text gets one reply that is JSON', () => {
    const shaped = fc.record(
      {
        method: fc.oneof(fc.constantFrom('SUBSCRIBE', 'SET_PROPERTY', 'GET_PROPERTY'), fc.jsonValue()),
        params: fc.jsonValue(),
        id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      shaped.map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(text, (message) => {
        const reply = JSON.parse(answerControl(message, some).reply) as object
        expect('result' in reply || 'error' in reply).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
