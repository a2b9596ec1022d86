import { expect, test } from 'vitest'
import { kafkaError, kafkaErrorMeaning } from './kafka-error.ts'

test('an error names what it is about, Kafka’s own name for it, and the likely cause', () => {
  const error = kafkaError(10, 'topic t partition 3')
  expect(error.message).toBe("topic t partition 3: MESSAGE_TOO_LARGE: it exceeds the topic's max.message.bytes")
  expect(error).toMatchObject({ code: 'record-too-large', retriable: false })
})

test('the broker’s own text takes the place of the likely cause', () => {
  expect(kafkaError(87, 'topic t partition 3', 'record has no key').message).toContain(
    'INVALID_RECORD: record has no key',
  )
})

test('what passes by itself is retriable', () => {
  for (const errorCode of [3, 5, 6, 7, 14, 15, 16, 19, 74, 75, 78]) {
    expect(kafkaErrorMeaning(errorCode)).toMatchObject({ retriable: true })
  }
})

test('any number has a meaning; an unknown one is an error of the protocol that stops', () => {
  for (let errorCode = -2; errorCode < 200; errorCode++) {
    const error = kafkaError(errorCode, 'x')
    expect(error.message.length).toBeGreaterThan(10)
  }
  expect(kafkaError(9999, 'x')).toMatchObject({ code: 'protocol', retriable: false })
  expect(kafkaError(9999, 'x').message).toContain('9999')
})
