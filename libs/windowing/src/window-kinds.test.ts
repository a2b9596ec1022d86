import { describe, expect, test } from 'vitest'
import { amountOf, Run, sequence, type Sample } from './laws-fixture.ts'
import { ExactSum } from './exact-sum.ts'
import { EventClock } from './event-clock.ts'
import { LimitError, OpenWindowLimitError } from './limit-error.ts'
import {
  countWindows,
  hopping,
  session,
  sliding,
  tumbling,
  volumeWindows,
  type Window,
  type Windows,
} from './window.ts'
import { windowOperator } from './operator-by-kind.ts'
import { count } from './aggregators/totals.ts'

const runOf = (windows: Windows<Sample>, graceMs = 0) => new Run({ windows, graceMs, mode: 'key', sequenced: false })

const record = (id: number, timestampMs: number, amount = 1): Sample => ({ id, key: 'a', timestampMs, amount })

const found = (run: Run) =>
  run.all('final').map(({ window, result }) => [window.startMs, window.endMs, result.ids.join(' ')])

describe('hopping windows', () => {
  test('take a record in as often as they overlap', () => {
    const run = runOf(hopping({ sizeMs: 10, advanceMs: 4, graceMs: 0 }))
    run.add(record(1, 9))
    run.heartbeat(100)
    expect(found(run)).toEqual([
      [0, 10, '1'],
      [4, 14, '1'],
      [8, 18, '1'],
    ])
  })

  test('are refused where records would fall between them', () => {
    expect(() => hopping({ sizeMs: 5, advanceMs: 6, graceMs: 0 })).toThrow('advanceMs (6) is above sizeMs (5)')
  })
})

describe('sliding windows', () => {
  test('are those of the example in the documentation of Kafka Streams', () => {
    const run = runOf(sliding({ timeDifferenceMs: 5_000, graceMs: 0 }))
    for (const [id, timestampMs] of [8_000, 9_200, 12_400].entries()) run.add(record(id + 1, timestampMs))
    run.heartbeat(100_000)
    expect(found(run)).toEqual([
      [3_000, 8_001, '1'],
      [4_200, 9_201, '1 2'],
      [7_400, 12_401, '1 2 3'],
      [8_001, 13_002, '2 3'],
      [9_201, 14_202, '3'],
    ])
  })

  test('that are open still get a record which has missed the one that ends with it', () => {
    const run = runOf(sliding({ timeDifferenceMs: 10, graceMs: 0 }))
    run.add(record(1, 5))
    run.add(record(3, 12))
    run.add(record(2, 8))
    run.heartbeat(100)
    expect([...run.late()]).toEqual(['a 2'])
    expect(found(run)).toEqual([
      [-5, 6, '1'],
      [2, 13, '1 2 3'],
      [6, 17, '2 3'],
      [9, 20, '3'],
    ])
  })

  test('keep at most as many records as the limit', () => {
    const operator = windowOperator(sliding({ timeDifferenceMs: 10, graceMs: 0 }), limited(1))
    operator.add('a', 1, { timestampMs: 1, offset: 0 })
    expect(() => operator.add('a', 1, { timestampMs: 2, offset: 1 })).toThrow(OpenWindowLimitError)
  })
})

describe('sessions', () => {
  const windows = session({ gapMs: 10, graceMs: 20 })

  test('end after a silence of the gap, whose end is no longer in them', () => {
    const run = runOf(windows)
    for (const [id, timestampMs] of [0, 9, 19].entries()) run.add(record(id, timestampMs))
    run.heartbeat(100)
    expect(found(run)).toEqual([
      [0, 19, '0 1'],
      [19, 29, '2'],
    ])
  })

  test('are joined by a record between them', () => {
    const run = runOf(windows)
    for (const [id, timestampMs] of [0, 18, 9].entries()) run.add(record(id, timestampMs))
    run.heartbeat(100)
    expect(found(run)).toEqual([[0, 28, '0 1 2']])
  })

  test('that are closed are not joined: the record between is late, though it touches an open one', () => {
    const run = runOf(windows)
    run.add(record(1, 0))
    run.add(record(3, 15))
    run.heartbeat(12)
    run.add(record(2, 9))
    run.heartbeat(100)
    expect([...run.late()]).toEqual(['a 2'])
    expect(found(run)).toEqual([
      [0, 10, '1'],
      [15, 25, '3'],
    ])
  })

  test.each(['partition', 'key'] as const)('do not reach back into a closed one, clock per %s', (mode) => {
    const run = new Run({ windows: session({ gapMs: 10, graceMs: 0 }), graceMs: 0, mode, sequenced: false })
    for (const timestampMs of [100, 125, 116, 108]) run.add(record(timestampMs, timestampMs))
    run.heartbeat(900)
    expect([...run.late()]).toEqual(['a 108'])
    expect(found(run)).toEqual([
      [100, 110, '100'],
      [116, 135, '116 125'],
    ])
  })

  test('take in what comes late within them, and what is before them only while its own gap is not over', () => {
    const run = runOf(session({ gapMs: 10, graceMs: 0 }))
    for (const timestampMs of [100, 109, 118, 127, 102, 95]) run.add(record(timestampMs, timestampMs))
    run.heartbeat(900)
    expect([...run.late()]).toEqual(['a 95'])
    expect(found(run)).toEqual([[100, 137, '100 102 109 118 127']])
  })

  test('that are closed are known to be after a restart too, for as long as a record could join them', () => {
    const run = runOf(windows)
    run.add(record(1, 0))
    run.heartbeat(12)
    run.kill()
    run.add(record(2, 9))
    expect([...run.late()]).toEqual(['a 2'])
    run.heartbeat(20)
    run.kill()
    run.add(record(3, 20))
    expect(run.openWindows).toBe(1)
  })

  test.each(['partition', 'key'] as const)(
    'leave nothing of an idle key a gap after they closed, clock per %s',
    (mode) => {
      const clock = new EventClock(mode)
      const operator = windowOperator(windows, { ...limited(1), clock, changelog: true })
      const entriesAt = (timeMs: number) => {
        clock.heartbeat('a', timeMs)
        operator.advance('a')
        return [...operator.changes()]
      }
      operator.add('a', 1, { timestampMs: 0, offset: 0 })
      expect(entriesAt(9).map(([entryKey]) => entryKey)).toEqual(['w0:a'])
      expect(entriesAt(19)).toEqual([
        ['k:a', [0, 10]],
        ['w0:a', undefined],
      ])
      expect(entriesAt(20)).toEqual([['k:a', undefined]])
    },
  )

  test('need an aggregator that merges', () => {
    const { merge: _merge, ...aggregator } = count()
    expect(() => windowOperator(windows, { ...limited(1), aggregator })).toThrow('need an aggregator with merge')
  })
})

describe('count windows', () => {
  test('hold as many records as their size', () => {
    const run = runOf(countWindows({ size: 2, sequence }))
    for (const id of [1, 2, 4, 5, 9]) run.add(record(id, id * 10))
    expect(run.all('final').map(({ window }) => window)).toEqual([
      { startMs: 10, endMs: 21, index: 0, firstSequence: 1, lastSequence: 2 },
      { startMs: 40, endMs: 51, index: 1, firstSequence: 4, lastSequence: 5 },
    ])
    expect(run.openWindows).toBe(1)
  })

  test('take no record that is not behind all before it', () => {
    const run = runOf(countWindows({ size: 2, sequence }))
    for (const id of [2, 1, 2, 3]) run.add(record(id, 10))
    expect(run.outputs.map(({ kind }) => kind)).toEqual(['late', 'late', 'final'])
  })

  test('know at most as many keys as the limit', () => {
    const operator = windowOperator(countWindows({ size: 2, sequence: Number }), limited(1))
    operator.add('a', 1, { timestampMs: 1, offset: 0 })
    expect(() => operator.add('b', 1, { timestampMs: 2, offset: 1 })).toThrow('1 keys have a count window, the limit')
  })

  test('count as state by the entries that a changelog has of them: one of each key, also when its window is full, and one of each that is open', () => {
    const operatorOf = () =>
      windowOperator(countWindows({ size: 2, sequence: Number }), { ...limited(9), changelog: true })
    const operator = operatorOf()
    const added = [
      ['full', 1],
      ['full', 2],
      ['open', 1],
    ] as const
    for (const [key, value] of added) operator.add(key, value, { timestampMs: value, offset: 0 })
    expect([operator.size, operator.openWindows]).toEqual([3, 1])
    const entries = [...operator.changes()].filter(({ 1: data }) => data !== undefined)
    expect(entries).toHaveLength(3)
    const again = operatorOf()
    for (const [entryKey, data] of entries) again.restoreEntry(entryKey, data)
    expect(again.size).toBe(3)
  })

  test.each([0, 1.5])('of %d records are refused', (size) => {
    expect(() => countWindows({ size, sequence })).toThrow(`positive whole number of records, got ${size}`)
  })
})

describe('volume windows', () => {
  const windows = volumeWindows({ size: 10, sequence, amountOf, split: (value, amount) => ({ ...value, amount }) })

  test('split a record that crosses their edge, and count it where it begins', () => {
    const run = runOf(windows)
    for (const [id, amount] of [4, 9, 25].entries()) run.add(record(id, id, amount))
    expect(run.all('final').map(({ result }) => result)).toEqual([
      { ids: [0, 1], records: 2, amount: 10, late: 0 },
      { ids: [1, 2], records: 1, amount: 10, late: 0 },
      { ids: [2], records: 0, amount: 10, late: 0 },
    ])
    expect(run.openWindows).toBe(1)
  })

  test('cut by volume at whole multiples of the size of the exact sum', () => {
    const run = runOf(windows)
    const exact = new ExactSum()
    for (let id = 0; id < 3_000; id++) {
      run.add(record(id, id, 0.1))
      exact.add(0.1)
      expect(run.all('final').length).toBe(Math.floor(exact.value() / 10))
    }
  })

  test('refuse an amount below 0, and one that would fill more of them than the limit', () => {
    const run = runOf(windows)
    expect(() => run.add(record(1, 1, -1))).toThrow('volume window: key a sequence 1: -1 is not an amount from 0 on')
    expect(() => run.add(record(2, 1, 1e6))).toThrow(LimitError)
    expect(() => volumeWindows({ ...windows, size: 0 })).toThrow('size must be above 0, got 0')
  })
})

test('updates need an output that takes them', () => {
  const windows = tumbling({ sizeMs: 1, graceMs: 0 })
  expect(() => windowOperator(windows, { ...limited(1), emit: 'on-update' })).toThrow('need an output with update')
})

test('an entry that no operator wrote is refused', () => {
  const operator = windowOperator(tumbling({ sizeMs: 1, graceMs: 0 }), limited(1))
  expect(() => operator.restoreEntry('x', [])).toThrow('state entry x: not the key of')
})

test.each<[string, Windows<unknown>]>([
  ['tumbling', tumbling({ sizeMs: 10, graceMs: 0 })],
  ['hopping', hopping({ sizeMs: 10, advanceMs: 5, graceMs: 0 })],
  ['sliding', sliding({ timeDifferenceMs: 10, graceMs: 0 })],
  ['session', session({ gapMs: 10, graceMs: 0 })],
])(
  '%s: keys with late records count as state until their next result, and are no more than the limit',
  (_, windows) => {
    const operatorOf = () => {
      const clock = new EventClock('partition')
      return { clock, operator: windowOperator(windows, { ...limited(2), clock, changelog: true }) }
    }
    const { clock, operator } = operatorOf()
    clock.heartbeat('', 1_000)
    const late = { timestampMs: 1, offset: 0 }
    for (const key of ['a', 'b', 'b']) operator.add(key, 1, late)
    expect([operator.size, operator.openWindows]).toEqual([2, 0])
    expect(() => operator.add('c', 1, late)).toThrow(OpenWindowLimitError)

    const again = operatorOf()
    for (const [entryKey, data] of operator.changes()) again.operator.restoreEntry(entryKey, data)
    again.clock.heartbeat('', 1_000)
    expect(again.operator.size).toBe(2)
    expect(() => again.operator.add('c', 1, late)).toThrow(OpenWindowLimitError)
    again.operator.add('a', 1, { timestampMs: 1_000, offset: 1 })
    again.clock.heartbeat('', 2_000)
    again.operator.advance('')
    expect(again.operator.lateCounts()).toEqual([['b', 2]])
    expect([again.operator.size, again.operator.openWindows]).toEqual([1, 0])
    expect(() => again.operator.add('c', 1, late)).not.toThrow()
  },
)

test('nothing is told to have changed where no changelog is kept', () => {
  const operator = windowOperator(tumbling({ sizeMs: 1, graceMs: 0 }), limited(1))
  operator.add('a', 1, { timestampMs: 1, offset: 0 })
  expect([...operator.changes()]).toEqual([])
})

test.each([NaN, 1.5, undefined as unknown as number])('a sequence of %s is refused, by its key', (at) => {
  const windows = countWindows<number>({ size: 2, sequence: () => at })
  expect(() => windowOperator(windows, limited(9)).add('a', 1, { timestampMs: 1, offset: 0 })).toThrow(
    new RangeError(`count window: key a: the sequence ${at} is not a safe integer`),
  )
})

test('what has not changed since is not told again', () => {
  const operator = windowOperator(tumbling({ sizeMs: 10, graceMs: 0 }), { ...limited(9), changelog: true })
  operator.add('a', 1, { timestampMs: 1, offset: 0 })
  operator.add('b', 1, { timestampMs: 1, offset: 1 })
  operator.add('a', 1, { timestampMs: 2, offset: 2 })
  expect([...operator.changes()].map(([entryKey]) => entryKey)).toEqual(['w0:a', 'w0:b'])
  operator.add('b', 1, { timestampMs: 3, offset: 3 })
  expect([...operator.changes()].map(([entryKey]) => entryKey)).toEqual(['w0:b'])
  expect([...operator.changes()]).toEqual([])
})

test('restored windows of two keys that begin and end together keep the sequences of their own records', () => {
  const windows = countWindows<number>({ size: 2, sequence: (value) => value })
  const before = windowOperator(windows, { ...limited(9), changelog: true })
  const found: unknown[] = []
  const result = (key: string, _: unknown, { firstSequence }: Window) => void found.push([key, firstSequence])
  const after = windowOperator(windows, { ...limited(9), output: { result, late: () => undefined } })
  before.add('a', 1, { timestampMs: 5, offset: 0 })
  before.add('b', 7, { timestampMs: 5, offset: 1 })
  for (const [entryKey, data] of before.changes()) after.restoreEntry(entryKey, JSON.parse(JSON.stringify(data)))
  for (const [key, value] of [
    ['a', 2],
    ['a', 3],
    ['b', 8],
    ['b', 9],
  ] as const)
    after.add(key, value, { timestampMs: 6, offset: 2 })
  expect(found).toEqual([
    ['a', 1],
    ['b', 7],
  ])
})

function limited(maxOpenWindows: number) {
  const output = { result: () => undefined, late: () => undefined }
  return { aggregator: count(), clock: new EventClock('key'), nowMs: () => 0, maxOpenWindows, output }
}
