import { jsonCodec, stream, type Topology } from '@tidemark/streams'
import { ExactSum, tumbling, type Aggregator } from '@tidemark/windowing'

/** The topology of the tests: totals of orders per customer and minute. */
export interface Order {
  readonly amount: number
  readonly placedAtMs: number
}

export interface Totals {
  readonly customer: string
  readonly startMs: number
  readonly orders: number
  readonly amount: number
  readonly late: number
}

export const orderCodec = jsonCodec<Order>((json) => {
  const order = json as Partial<Order> | null
  return typeof order?.amount === 'number' && typeof order.placedAtMs === 'number' ? undefined : 'not an order'
})
export const totalsCodec = jsonCodec<Totals>(() => undefined)

interface TotalsSoFar {
  orders: number
  readonly amount: ExactSum
}

export const totals: Aggregator<Order, TotalsSoFar, Totals> = {
  init: () => ({ orders: 0, amount: new ExactSum() }),
  add(accumulator, order) {
    accumulator.orders++
    accumulator.amount.add(order.amount)
    return accumulator
  },
  result: ({ orders, amount }, { key, window, lateCount }) => ({
    customer: key,
    startMs: window.startMs,
    orders,
    amount: amount.value(),
    late: lateCount,
  }),
  snapshot: ({ orders, amount }) => [orders, ...amount.partials()],
  restore(data) {
    const [orders = 0, ...partials] = data as number[]
    return { orders, amount: ExactSum.restore(partials) }
  },
}

export function ordersTopology(
  options: { clock?: 'partition' | 'key'; sizeMs?: number; graceMs?: number } = {},
): Topology {
  const { clock = 'partition', sizeMs = 60_000, graceMs = 2_000 } = options
  return stream('orders', orderCodec, { timestampMs: (order) => order.placedAtMs, clock })
    .groupByKey()
    .window(tumbling({ sizeMs, graceMs }))
    .aggregate(totals, { emit: 'on-close' })
    .to('order-totals', totalsCodec, { late: 'order-totals-late' })
}
