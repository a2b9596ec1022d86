import { expect, test } from 'vitest'
import { KafkaErrorCode } from './kafka-error.ts'
import { offsetNotSet } from './kafka-operations.ts'

const where = { topic: 'orders', partition: 3 }

test.each([
  [KafkaErrorCode.topicAuthorizationFailed, 'Read of the topic'],
  [KafkaErrorCode.groupAuthorizationFailed, 'Read of the group'],
])('an offset that a user may see and not set is refused with the right that is missing: %s', (errorCode, right) => {
  const { code, message } = offsetNotSet('totals', { ...where, errorCode })
  expect(code).toBe('not-authorised')
  expect(message).toMatch(/^group totals: topic orders partition 3: setting its offset: [A-Z_]+: /)
  expect(message).toContain(`this user lacks the right ${right}: to see it (Describe) is not enough`)
})

test('an offset of a group with members is refused, and it is said what to do', () => {
  const { message } = offsetNotSet('totals', { ...where, errorCode: KafkaErrorCode.unknownMemberId })
  expect(message).toBe('group totals has live members: stop every instance of it first')
})
