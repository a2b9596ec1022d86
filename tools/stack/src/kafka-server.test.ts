import { expect, test } from 'vitest'
import { newClusterId } from './kafka-server.ts'

test("a cluster's id is 22 characters, of which the first is no dash", () => {
  expect(newClusterId(Buffer.alloc(16, 0xfb))).toMatch(/^A[\w-]{21}$/)
  expect(newClusterId(Buffer.alloc(16, 1))).toBe(Buffer.alloc(16, 1).toString('base64url'))
})
