import { expect, test } from 'vitest'
import { ByteWriter } from './byte-writer.ts'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'

const owned = [
  { topic: 'a', partition: 0 },
  { topic: 'a', partition: 3 },
  { topic: 'b', partition: 0 },
]

test('a subscription comes back with its topics, what was owned, and since which generation', () => {
  const subscription = { topics: ['a', 'b'], owned, generation: 12 }
  expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription)
})

test('a subscription of the first version owns nothing', () => {
  const bytes = new ByteWriter().int16(0).int32(1).string('a').sizedBytes(Buffer.from('data')).bytes
  expect(decodeSubscription(bytes)).toEqual({ topics: ['a'], owned: [], generation: -1 })
})

test('an assignment comes back; one without bytes is empty', () => {
  expect(decodeAssignment(encodeAssignment(owned))).toEqual(owned)
  expect(decodeAssignment(Buffer.alloc(0))).toEqual([])
})
