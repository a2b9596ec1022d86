import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client'
import { expect, it } from 'vitest'
import { writeFailure } from './write-outcome.ts'

function answer(
  status: number,
  body: { code?: string; message?: string } = {},
  headers: Record<string, string> = {},
): HttpError {
  return new HttpError(
    status,
    'Status',
    JSON.stringify({ message: 'no', ...body }),
    headers['retry-after'],
    'application/json',
    undefined,
    headers,
  )
}

it.each([408, 425, 429, 500, 502, 503, 504])('takes a %i for being away', (status) => {
  expect(writeFailure(answer(status)).kind).toBe('away')
})

it('takes a fault of the network, or no answer in time, for being away', () => {
  expect(writeFailure(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })).kind).toBe('away')
  expect(writeFailure(new RequestTimedOutError())).toEqual({ kind: 'away', message: 'Request timed out' })
  expect(writeFailure(new AggregateError([new Error('no ::1'), new Error('no 127.0.0.1')])).message).toMatch(
    /no ::1.*no 127.0.0.1/,
  )
})

it('reads the seconds of Retry-After', () => {
  expect(writeFailure(answer(429, {}, { 'retry-after': '7' })).retryAfterMs).toBe(7000)
  expect(writeFailure(answer(503, {}, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }))).not.toHaveProperty(
    'retryAfterMs',
  )
})

it('names the settings to look at where a write is denied', () => {
  expect(writeFailure(answer(401, { code: 'unauthorized', message: 'unauthorized access' }))).toEqual({
    kind: 'denied',
    message: '401 unauthorized access (INFLUX_TOKEN)',
  })
  expect(writeFailure(answer(404, { code: 'not found', message: 'bucket "market" not found' }))).toEqual({
    kind: 'denied',
    message: '404 bucket "market" not found (INFLUX_ORG, INFLUX_BUCKET, INFLUX_URL)',
  })
})

it('takes bad data for refused, with the number of lines where it is told', () => {
  expect(writeFailure(answer(400, { code: 'invalid', message: "unable to parse 'x': missing fields" })).kind).toBe(
    'refused',
  )
  const conflict = 'failure writing points to database: partial write: field type conflict: input field "v" dropped=2'
  expect(writeFailure(answer(422, { code: 'unprocessable entity', message: conflict }))).toMatchObject({
    kind: 'refused',
    droppedLines: 2,
  })
})

it('takes a body that is too large for just that', () => {
  expect(writeFailure(answer(413)).kind).toBe('too-large')
})

it.each([301, 400, 405, 422])('never takes a %i that is not of InfluxDB for bad data', (status) => {
  expect(writeFailure(new HttpError(status, 'Status', '<html>', null, 'text/html'))).toMatchObject({
    kind: 'unexpected',
    message: expect.stringContaining('check INFLUX_URL'),
  })
})
