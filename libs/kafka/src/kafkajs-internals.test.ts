import kafkajs from 'kafkajs/package.json' with { type: 'json' }
import { expect, test } from 'vitest'
import own from '../package.json' with { type: 'json' }

test('kafkajs is the version whose internals are used, pinned exactly', () => {
  expect(kafkajs.version).toBe('2.2.4')
  expect(own.dependencies.kafkajs).toBe('2.2.4')
})
