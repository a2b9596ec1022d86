import { count, tumbling } from '@tidemark/windowing'
import { expect, test } from 'vitest'
import { jsonCodec } from './json-codec.ts'
import { stream } from './stream.ts'
import { topology } from './topology.ts'

const numbers = jsonCodec<number>(() => undefined)
const source = stream('numbers', numbers, { timestampMs: (value) => value })
const grouped = source.groupByKey()
const seconds = tumbling({ sizeMs: 1_000, graceMs: 0 })

const process = (name: string, to: string) =>
  grouped.process<null, number>({ name, init: () => null, onRecord: () => undefined }).to(to, numbers)
const windows = (options: { name?: string }, to: string) =>
  grouped
    .window(seconds)
    .aggregate(count(), { emit: 'on-close', ...options })
    .to(to, numbers)
const inOrder = (options: { name?: string }, to: string) =>
  grouped.inSequence({ sequence: Number, graceMs: 0, maxHeld: 1, ...options }).to(to, numbers)

test.each([
  ['process-sums', process('sums', 'a'), process('sums', 'b')],
  ['sums', windows({ name: 'sums' }, 'a'), windows({ name: 'sums' }, 'b')],
  ['in-sequence', inOrder({}, 'a'), inOrder({ name: 'in-sequence' }, 'b')],
  ['process-sums', inOrder({ name: 'process-sums' }, 'a'), process('sums', 'b')],
])('two states are refused that are both named %s where one of them was given the name', (name, one, other) => {
  expect(() => topology(one, other)).toThrow(`two steps have a state named ${name} (`)
})

test('states that have no name of their own are numbered, and one that is used twice is one', () => {
  const twice = grouped.process<null, number>({ name: 'sums', init: () => null, onRecord: () => undefined })
  const ends = [windows({}, 'a'), windows({}, 'b'), twice.to('c', numbers), twice.to('d', numbers)]
  expect(topology(...ends).outputTopics).toEqual(['a', 'b', 'c', 'd'])
})
