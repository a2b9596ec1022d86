import { describe, expect, it } from 'vitest'
import { advertisedAddresses, isSupported, withAddresses, withSupportedVersions } from './advertised-addresses.ts'
import { bytes, int16, int32, metadata, noText, text } from './kafka-bytes-fixture.ts'
import { kafkaApis } from './kafka-apis.ts'

const { Metadata, FindCoordinator, Produce, Fetch, DescribeCluster, JoinGroup } = kafkaApis
const inside = [
  { host: 'a', port: 9092 },
  { host: 'broker-b.example', port: 9094 },
]
const outside = [
  { host: '127.0.0.1', port: 40_001 },
  { host: '127.0.0.1', port: 40_002 },
]

function rewritten(apiKey: number, apiVersion: number, response: Buffer): Buffer {
  const found = advertisedAddresses({ apiKey, apiVersion }, response)
  if (!found.ok) throw new Error(found.issue)
  return withAddresses(
    response,
    found.value.map((address) => ({ ...address, ...outside[inside.findIndex(({ host }) => host === address.host)] })),
  )
}

describe('addresses', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'of every broker in Metadata v%i are replaced, and nothing else is',
    (version) => {
      expect(rewritten(Metadata, version, metadata(version, 7, inside))).toEqual(metadata(version, 7, outside))
    },
  )

  it.each([
    [0, ''],
    [1, int32(0)],
    [2, int32(0)],
  ])('of the coordinator in FindCoordinator v%i are replaced', (version, throttle) => {
    const message = version === 0 ? '' : noText
    const response = (host: string, port: number) =>
      bytes(int32(7), throttle, int16(0), message, int32(2), text(host), int32(port))
    expect(rewritten(FindCoordinator, version, response('a', 9092))).toEqual(response('127.0.0.1', 40_001))
  })

  it('are not looked for in a coordinator that was not found, nor in answers that have none', () => {
    const refusal = bytes(int32(7), int32(0), int16(15), noText, int32(-1), text(''), int32(-1))
    expect(advertisedAddresses({ apiKey: FindCoordinator, apiVersion: 2 }, refusal)).toEqual({ ok: true, value: [] })
    expect(advertisedAddresses({ apiKey: JoinGroup, apiVersion: 5 }, refusal)).toEqual({ ok: true, value: [] })
  })

  it('are an issue where the response is cut off or counts too many', () => {
    const whole = metadata(8, 7, inside)
    for (const cut of [4, 10, 20, whole.length - 8]) {
      expect(advertisedAddresses({ apiKey: Metadata, apiVersion: 8 }, whole.subarray(0, cut))).toMatchObject({
        ok: false,
        issue: expect.stringContaining('Metadata response is cut off'),
      })
    }
  })
})

describe('versions', () => {
  const entry = (apiKey: number, min: number, max: number) => int16(apiKey) + int16(min) + int16(max)
  const offered = [entry(Produce, 3, 13), entry(JoinGroup, 0, 9), entry(DescribeCluster, 0, 2), entry(Metadata, 0, 13)]
  const left = [entry(Produce, 3, 9), entry(JoinGroup, 0, 9), entry(Metadata, 0, 8)]

  it('that can not be rewritten are not offered', () => {
    const response = (entries: string[]) => bytes(int32(1), int16(0), int32(entries.length), ...entries, 'abcd')
    expect(withSupportedVersions(0, response(offered))).toEqual({ ok: true, value: response(left) })
  })

  it('are left out of the flexible form too, whatever tags there are', () => {
    const response = (entries: string[]) =>
      bytes(
        int32(1),
        int16(0),
        int16(entries.length + 1).slice(2),
        ...entries.map((part) => `${part}010002beef`),
        'abcd',
      )
    expect(withSupportedVersions(3, response(offered))).toEqual({ ok: true, value: response(left) })
  })

  it('are found in a long list, whose length takes two bytes', () => {
    const many = Array.from({ length: 200 }, () => `${entry(JoinGroup, 0, 9)}00`)
    const response = bytes(int32(1), int16(0), 'c901', ...many, 'abcd')
    expect(withSupportedVersions(4, response)).toEqual({ ok: true, value: response })
  })

  it('are read as v0 where the broker does not know the version that was asked for', () => {
    const response = bytes(int32(1), int16(35), int32(1), entry(18, 0, 4))
    expect(withSupportedVersions(9, response)).toEqual({ ok: true, value: response })
  })

  it('are an issue where the response is cut off', () => {
    expect(withSupportedVersions(0, bytes(int32(1), int16(0), int32(3), ...left).subarray(0, -1))).toMatchObject({
      ok: false,
    })
  })

  it('are judged one by one', () => {
    expect([isSupported(Metadata, 8), isSupported(Metadata, 9)]).toEqual([true, false])
    expect([isSupported(Fetch, 15), isSupported(Fetch, 16)]).toEqual([true, false])
    expect([isSupported(DescribeCluster, 0), isSupported(JoinGroup, 99)]).toEqual([false, true])
  })
})
