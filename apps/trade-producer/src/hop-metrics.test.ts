import { createMetrics } from '@tidemark/service'
import { expect, it } from 'vitest'
import { exposeHops } from './hop-metrics.ts'

it('a latency is honest where a clock is off: with the offset of the exchange’s, whose error is shown beside it', async () => {
  const metrics = createMetrics()
  const hops = exposeHops(metrics, () => ({ offsetMs: 1_270, errorMs: 12 }))
  // Sent at 10,000 by the exchange's clock and received at 8,735 by ours: it took 5 ms.
  hops.received(-1_265)
  const text = await metrics.registry.metrics()
  expect(text).toMatch(/tidemark_producer_exchange_to_receive_seconds_sum(\{.*\})? 0\.005\n/)
  expect(text).toContain('tidemark_producer_exchange_clock_offset_seconds 1.27')
  expect(text).toContain('tidemark_producer_exchange_clock_error_seconds 0.012')
})

it('a clock that is not known is not taken for right: what it would say is left out', async () => {
  const metrics = createMetrics()
  const hops = exposeHops(metrics, () => undefined)
  hops.received(1_270)
  const text = await metrics.registry.metrics()
  expect(text).toContain('tidemark_producer_exchange_clock_error_seconds Nan')
  expect(text).not.toMatch(/tidemark_producer_exchange_to_receive_seconds_count(\{.*\})? [1-9]/)
})
