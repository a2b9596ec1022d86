import { combine, count, session, tumbling, type ResultContext } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { jsonCodec } from './json-codec.ts'
import { intKeys, longKeys } from './key-codec.ts'
import { stream, type Stream } from './stream.ts'
import { table } from './table.ts'

// What must not compile. Each line that is expected to be an error makes the type check fail when it is none.

const numbers = jsonCodec<number>(() => undefined)
const texts = jsonCodec<string>(() => undefined)
const source = stream('numbers', numbers, { timestampMs: (value) => value })

test('types flow from the codec of the source to the codec of the end', () => {
  const counts = source
    .groupByKey()
    .window(tumbling({ sizeMs: 1_000, graceMs: 0 }))
    .aggregate(count(), { emit: 'on-update' })
  const ends = [
    source.map(String).to('texts', texts),
    source.flatMap((value) => [String(value)]).to('texts', texts),
    counts.to('counts', numbers),
    // @ts-expect-error numbers are not texts
    source.to('texts', texts),
    // @ts-expect-error nor are they after a filter
    source.filter((value) => value > 0).to('texts', texts),
    // @ts-expect-error the results of an aggregate are numbers
    counts.to('counts', texts),
  ]
  expect(ends).toHaveLength(6)
})

test('the event time comes from the value that the codec reads', () => {
  // @ts-expect-error a number has no field of that name
  expect(() => stream('numbers', numbers, { timestampMs: (value) => value.placedAtMs })).not.toThrow()
})

test('grouping by a new key needs a topic in between', () => {
  const rekeyed = source.selectKey(String)
  expect(rekeyed).not.toHaveProperty('groupByKey')
  // @ts-expect-error its records are in the partitions of the old key
  expect(() => rekeyed.groupByKey()).toThrow(TypeError)
})

test('updates are told of windows only whose bounds are known from the start', () => {
  const sessions = source.groupByKey().window(session({ gapMs: 1_000, graceMs: 0 }))
  // @ts-expect-error a session's bounds change
  expect(() => sessions.aggregate(count(), { emit: 'on-update' })).not.toThrow()
})

test('the values that a process forwards are those of its type', () => {
  const grouped = source.groupByKey()
  const sums = grouped.process<number, string>({
    name: 'sums',
    init: () => 0,
    onRecord(value, context) {
      context.state += value
      // @ts-expect-error a text is forwarded, by its type
      context.forward(value)
    },
  })
  const ends = [
    sums.to('texts', texts),
    // @ts-expect-error texts are not numbers
    sums.to('numbers', numbers),
  ]
  expect(ends).toHaveLength(2)
  grouped.process({
    name: 'unsaid',
    init: () => 0,
    // @ts-expect-error nothing can be forwarded where its type is not said
    onRecord: (value, context) => context.forward(value),
  })
})

test('a branch has the type that its predicate guards, and a merge takes streams of one type', () => {
  const mixed = source.map((value): number | string => (value > 0 ? value : String(value)))
  const { named, rest } = mixed.branch({ named: (value) => typeof value === 'string' })
  const ends = [
    named.to('texts', texts),
    // @ts-expect-error the rest may be anything
    rest.to('texts', texts),
    // @ts-expect-error texts are no numbers
    source.merge(source.map(String)).to('numbers', numbers),
  ]
  expect(ends).toHaveLength(3)
  // @ts-expect-error the remainder has that name
  expect(() => mixed.branch({ rest: () => true })).toThrow('branch: rest is the name of what no predicate takes')
  // @ts-expect-error there is no such branch
  expect(mixed.branch({ named: () => true }).other).toBeUndefined()
})

test('the sequence of a stream comes from its values', () => {
  const inOrder = source.groupByKey().inSequence({ sequence: (value) => value, graceMs: 0, maxHeld: 1 })
  const ends = [
    inOrder.late.to('late', numbers),
    // @ts-expect-error ranges are no numbers
    inOrder.missing.to('missing', numbers),
  ]
  expect(ends).toHaveLength(2)
})

test('a join has the type of the table, which a left join may lack', () => {
  const entries = table('entries', texts)
  const ends = [
    source.join(entries, (_value, entry) => entry).to('texts', texts),
    // @ts-expect-error there may be none
    source.leftJoin(entries, (_value, entry) => entry).to('texts', texts),
    // @ts-expect-error a text is no number
    source.join(entries, (_value, entry) => entry).to('numbers', numbers),
  ]
  expect(ends).toHaveLength(3)
})

test('keys have a type of their own, which is text unless a codec says otherwise', () => {
  const timestampMs = (value: number) => value
  const byNumber = stream('by-number', numbers, { timestampMs, key: intKeys })
  const byLong = stream('by-long', numbers, { timestampMs, key: longKeys })
  const next: number[] = []
  const ends = [
    byNumber.map((_value, { key }) => key + 1).to('numbers', numbers),
    byNumber
      .join(table('entries', texts, { key: intKeys }), (_value, text, { key }) => text.repeat(key))
      .to('texts', texts),
    byNumber.sink({ name: 'keys', write: async (records) => void next.push(...records.map(({ key }) => key)) }),
    source.selectKey((value) => BigInt(value), longKeys).to('by-long', numbers),
    // @ts-expect-error a text key is no number
    source.map((_value, { key }) => key).to('numbers', numbers),
    // @ts-expect-error a new key is text, or has a codec
    source.selectKey((value) => value).to('numbers', numbers),
    // @ts-expect-error nor is it of another type than its codec
    source.selectKey((value) => value, longKeys),
    // @ts-expect-error keys of the table are text
    () => byNumber.join(table('entries', texts), (_value, text) => text),
    // @ts-expect-error keys of different types never meet
    () => byNumber.merge(byLong),
    // @ts-expect-error without a codec, keys are text
    (): Stream<number, number> => stream('numbers', numbers, { timestampMs }),
  ]
  expect(ends).toHaveLength(10)
  const windows = tumbling({ sizeMs: 1_000, graceMs: 0 })
  const none = { init: () => 0, add: (sum: number) => sum }
  const folds = [
    byNumber
      .groupByKey()
      .window(windows)
      .aggregate({ ...none, result: (sum, { key }) => sum + key }, { emit: 'on-close' })
      .to('numbers', numbers),
    // What does not ask for the key takes any.
    byLong
      .groupByKey()
      .window(windows)
      .aggregate(combine({ counted: count() }), { emit: 'on-close' })
      .map(({ counted }) => counted)
      .to('numbers', numbers),
    source
      .groupByKey()
      .window(windows)
      // @ts-expect-error the keys are texts
      .aggregate({ ...none, result: (sum, { key }: ResultContext<number>) => sum + key }, { emit: 'on-close' }),
  ]
  expect(folds).toHaveLength(3)
  byNumber.groupByKey().process<number, number>({
    name: 'keys',
    init: (key) => key,
    // @ts-expect-error the key is a number
    onRecord: (_value, { key }) => key.length,
  })
})
