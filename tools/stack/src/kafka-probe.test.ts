import { expect, it } from 'vitest'
import { readMetadata } from './kafka-probe.ts'

const int16 = (value: number) => value.toString(16).padStart(4, '0')
const int32 = (value: number) => (value >>> 0).toString(16).padStart(8, '0')
const text = (value: string) => int16(value.length) + Buffer.from(value).toString('hex')
const ids = (values: number[]) => int32(values.length) + values.map(int32).join('')
const list = (elements: string[]) => int32(elements.length) + elements.join('')
const broker = (nodeId: number, rack = 'ffff') => int32(nodeId) + text('127.0.0.1') + int32(9092) + rack
const partition = (leader: number, replicas: number[], inSync: number[]) =>
  int16(0) + int32(0) + int32(leader) + ids(replicas) + ids(inSync)
const topic = (...partitions: string[]) => `${int16(0) + text('t')}00${list(partitions)}`
const answer = (brokers: string[], topics: string[]) =>
  Buffer.from(int32(1) + list(brokers) + int32(2) + list(topics), 'hex')

it('knows the brokers that are up, and counts partitions that lag or have no leader', () => {
  const whole = partition(1, [1, 2, 3], [3, 1, 2])
  const lags = partition(1, [1, 2, 3], [1, 3])
  const leaderless = partition(-1, [1, 2], [1, 2])
  expect(readMetadata(answer([broker(3), broker(1, text('r'))], []))).toEqual({ brokers: [3, 1], lagging: 0 })
  const topics = [topic(whole, lags, whole), topic(leaderless, lags), topic()]
  expect(readMetadata(answer([broker(2)], topics))).toEqual({ brokers: [2], lagging: 3 })
})

it('takes what is cut off, or answers something else, for no answer', () => {
  const whole = answer([broker(1)], [topic(partition(1, [1], [1]))])
  expect(readMetadata(whole.subarray(0, -1))).toBeUndefined()
  expect(readMetadata(Buffer.from('HTTP/1.1 400 Bad Request'))).toBeUndefined()
})
