import { expect, test } from 'vitest'
import { parseBootstrapServers } from './connection-options.ts'

test('reads host:port, several separated by commas, IPv6 in brackets', () => {
  expect(parseBootstrapServers('a:1, b.example.com:9092,[::1]:65535')).toEqual([
    { host: 'a', port: 1 },
    { host: 'b.example.com', port: 9092 },
    { host: '::1', port: 65535 },
  ])
})

test.each([
  '',
  'localhost',
  'localhost:',
  'localhost:0',
  'localhost:65536',
  'http://localhost:9092',
  'a:1,,b:2',
  '::1:9092',
])('refuses "%s", showing the part that is wrong', (list) => {
  expect(() => parseBootstrapServers(list)).toThrow(/is not host:port/)
})
