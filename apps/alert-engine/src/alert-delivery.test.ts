import type { Alert } from '@tidemark/schemas'
import { StopRequestedError } from '@tidemark/service'
import type { StreamRecord } from '@tidemark/streams'
import { expect, it } from 'vitest'
import type { PostOutcome } from './alert-channel.ts'
import { alertDelivery, type Delivery } from './alert-delivery.ts'
import { alert } from './alert-fixture.ts'

const recordOf = (change: Partial<Alert>): StreamRecord<Alert> => ({
  key: alert.symbol,
  value: { ...alert, ...change },
  timestampMs: alert.started_at_ms,
})

function deliveryThat(
  answer: (alert: Alert) => PostOutcome,
  options: { maxAgeMs?: number; nowMs?: number; stop?: AbortController } = {},
) {
  const posted: string[] = []
  const deliveries: [string, Delivery][] = []
  const { nowMs = alert.started_at_ms, stop = new AbortController(), ...rest } = options
  const sink = alertDelivery({
    channel: {
      name: 'fake',
      post: async (alert) => {
        posted.push(alert.id)
        return answer(alert)
      },
    },
    signal: stop.signal,
    nowMs: () => nowMs,
    ...rest,
    delivered: ({ id }, delivery) => deliveries.push([id, delivery]),
  })
  return { sink, posted, deliveries }
}

const failing = (kind: 'transient' | 'refused'): PostOutcome => ({ ok: false, failure: { kind, message: 'no' } })

it('shows alerts one after the other, in order', async () => {
  const { sink, posted, deliveries } = deliveryThat(() => ({ ok: true }))
  await sink.write([recordOf({ id: 'a' }), recordOf({ id: 'b' })], [])
  expect(posted).toEqual(['a', 'b'])
  expect(deliveries).toEqual([
    ['a', 'sent'],
    ['b', 'sent'],
  ])
})

it('goes on after one that is refused, or that was given up', async () => {
  const { sink, deliveries } = deliveryThat(({ id }) =>
    id === 'a' ? failing('refused') : id === 'b' ? failing('transient') : { ok: true },
  )
  await sink.write([recordOf({ id: 'a' }), recordOf({ id: 'b' }), recordOf({ id: 'c' })], [])
  expect(deliveries).toEqual([
    ['a', 'refused'],
    ['b', 'failed'],
    ['c', 'sent'],
  ])
})

it('does not show an alert older than the limit, by event time', async () => {
  const { sink, posted, deliveries } = deliveryThat(() => ({ ok: true }), {
    maxAgeMs: 1_000,
    nowMs: alert.started_at_ms + 1_000,
  })
  await sink.write([recordOf({ id: 'edge' }), recordOf({ id: 'old', started_at_ms: alert.started_at_ms - 1 })], [])
  expect(posted).toEqual(['edge'])
  expect(deliveries).toContainEqual(['old', 'too_old'])
})

it('judges the age of a resolved alert by when it was resolved', async () => {
  const nowMs = alert.started_at_ms + 60_000
  const { sink, posted } = deliveryThat(() => ({ ok: true }), { maxAgeMs: 1_000, nowMs })
  await sink.write([recordOf({ status: 'resolved', resolved_at_ms: nowMs })], [])
  expect(posted).toEqual([alert.id])
})

it('shows alerts of any age without a limit', async () => {
  const { sink, posted } = deliveryThat(() => ({ ok: true }), { nowMs: Number.MAX_SAFE_INTEGER })
  await sink.write([recordOf({})], [])
  expect(posted).toEqual([alert.id])
})

it('leaves an alert for the next start where a stop cuts its retries short', async () => {
  const stop = new AbortController()
  stop.abort()
  const { sink, deliveries } = deliveryThat(() => failing('transient'), { stop })
  await expect(sink.write([recordOf({})], [])).rejects.toThrow(StopRequestedError)
  expect(deliveries).toEqual([])
})
