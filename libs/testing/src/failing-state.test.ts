import { jsonCodec, stream, topology, type Topology } from '@tidemark/streams'
import { session, tumbling, type Aggregator, type Windows } from '@tidemark/windowing'
import { describe, expect, test } from 'vitest'
import { orderCodec, type Order } from './orders-fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const numbers = jsonCodec<number>(() => undefined)
const grouped = stream('orders', orderCodec, { timestampMs: ({ placedAtMs }) => placedAtMs }).groupByKey()
const boom = (): never => {
  throw new Error('boom')
}

interface Parts {
  init?(): number
  snapshot?(state: number): unknown
  restore?(data: unknown): number
}

const counting: Aggregator<Order, number, number> = {
  init: () => 0,
  add: (count) => count + 1,
  result: (count) => count,
  merge: (one, other) => one + other,
}

function windowed(parts: Parts, windows: Windows<Order> = tumbling({ sizeMs: 10, graceMs: 0 })): Topology {
  const counts = grouped.window(windows).aggregate({ ...counting, ...parts }, { emit: 'on-close' })
  return counts.to('results', numbers)
}

/** Of two states of one name, the second one is told by its number. */
const windowedTwice = (parts: Parts) => topology(windowed({}), windowed(parts))

function processed(parts: Parts): Topology {
  const counts = grouped.process<number, number>({
    name: 'counts',
    init: () => 0,
    onRecord(_order, context) {
      context.state++
    },
    ...parts,
  })
  return counts.to('results', numbers)
}

/** What the application ends with that gets an order of ada's, and after a crash another one. */
async function failureOf(application: Topology): Promise<unknown> {
  const driver = new TopologyTestDriver(application)
  const orders = driver.input('orders', orderCodec)
  try {
    await orders.pipe('ada', { amount: 1, placedAtMs: 1 })
    await orders.pipe('ada', { amount: 1, placedAtMs: 11 })
    driver.kill()
    await orders.pipe('bob', { amount: 1, placedAtMs: 12 })
    await orders.pipe('ada', { amount: 1, placedAtMs: 13 })
  } catch (error) {
    return error
  }
  throw new Error('nothing has failed')
}

const aligned = 'windows-tumbling-10ms-grace-0s'
const gaps = session({ gapMs: 5, graceMs: 0 })

describe('what code of the topology throws at a state is told with the name of the state and the key of the entry, and blames no record', () => {
  test.each([
    [
      'snapshot of an aggregator',
      windowed({ snapshot: boom, restore: Number }),
      `state ${aligned}, entry w0:ada: boom`,
    ],
    [
      'restore of an aggregator',
      windowed({ snapshot: String, restore: boom }),
      `state ${aligned}, entry w10:ada: boom`,
    ],
    [
      'restore of one beside another',
      windowedTwice({ snapshot: String, restore: boom }),
      `state ${aligned}-2, entry w10:ada: boom`,
    ],
    [
      'restore of sessions',
      windowed({ snapshot: String, restore: boom }, gaps),
      /^state windows-session.*, entry w\d+:ada: boom/,
    ],
    ['init of an aggregator', windowed({ init: boom }), `state ${aligned}: init of its aggregator: boom`],
    [
      'snapshot of a process',
      processed({ snapshot: boom, restore: Number }),
      'state process-counts, entry k:ada: boom',
    ],
    ['restore of a process', processed({ snapshot: String, restore: boom }), 'state process-counts, entry k:ada: boom'],
    [
      'a snapshot that JSON can not have',
      processed({ snapshot: BigInt, restore: Number }),
      /^state process-counts, entry k:ada: .*BigInt/,
    ],
  ])('%s', async (_what, application, message) => {
    const error = await failureOf(application)
    expect(error).toMatchObject({ name: 'StreamsError', code: 'state-failed' })
    expect((error as Error).message).toMatch(message)
    expect((error as Error).cause).toBeInstanceOf(Error)
  })
})

test.each(['on-close', 'on-update'] as const)(
  'a result that its codec refuses is named by its topic and key: %s',
  async (emit) => {
    const rates = grouped
      .window(tumbling({ sizeMs: 10, graceMs: 0 }))
      .aggregate({ ...counting, result: () => NaN }, { emit })
      .to('results', numbers)
    const orders = new TopologyTestDriver(rates).input('orders', orderCodec)
    const failure = orders
      .pipe('ada', { amount: 1, placedAtMs: 1 })
      .then(() => orders.pipe('ben', { amount: 1, placedAtMs: 20 }))
    await expect(failure).rejects.toThrow("what goes to topic results with key ada: JSON can't keep number NaN")
    await expect(failure).rejects.toMatchObject({ code: emit === 'on-close' ? 'record-failed' : 'encode-failed' })
  },
)
