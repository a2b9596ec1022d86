import { expect, test } from 'vitest'
import { Sequences } from './sequences.ts'

test('counts the records of each partition from 0', () => {
  const sequences = new Sequences()
  const [a, b] = [
    { topic: 't', partition: 0 },
    { topic: 't', partition: 1 },
  ] as const
  expect([sequences.take(a, 5), sequences.take(a, 1), sequences.take(b, 2), sequences.take(a, 1)]).toEqual([0, 5, 0, 6])
})

test('goes on from 0 after the largest number, as brokers count', () => {
  const sequences = new Sequences()
  const partition = { topic: 't', partition: 0 }
  sequences.take(partition, 2 ** 31 - 3)
  expect(sequences.take(partition, 5)).toBe(2 ** 31 - 3)
  expect(sequences.take(partition, 1)).toBe(2)
})
