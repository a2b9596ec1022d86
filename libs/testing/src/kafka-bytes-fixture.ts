import type { BrokerAddress } from './advertised-addresses.ts'

export const int8 = (value: number): string => int(value, 1)
export const int16 = (value: number): string => int(value, 2)
export const int32 = (value: number): string => int(value, 4)
export const text = (value: string): string => int16(value.length) + Buffer.from(value).toString('hex')
export const noText = 'ffff'
export const bytes = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex')

function int(value: number, size: number): string {
  return BigInt.asUintN(size * 8, BigInt(value))
    .toString(16)
    .padStart(size * 2, '0')
}

/** A frame as it goes over the wire. */
export const framed = (payload: Buffer): Buffer => Buffer.concat([bytes(int32(payload.length)), payload])

interface RequestParts {
  readonly apiKey: number
  readonly apiVersion?: number
  readonly correlationId?: number
  readonly clientId?: string
}

/** A request, of which the body is of no interest. */
export function request({ apiKey, apiVersion = 0, correlationId = 1, clientId = 'test' }: RequestParts): Buffer {
  return bytes(int16(apiKey), int16(apiVersion), int32(correlationId), text(clientId), 'cafe')
}

/** A Metadata response of these brokers, nodes 1, 2 and so on, with a rack each; no topics that could be read. */
export function metadata(apiVersion: number, correlationId: number, brokers: readonly BrokerAddress[]): Buffer {
  const rack = apiVersion >= 1 ? text('r') : ''
  return bytes(
    int32(correlationId),
    apiVersion >= 3 ? int32(0) : '',
    int32(brokers.length),
    ...brokers.map(({ host, port }, index) => int32(index + 1) + text(host) + int32(port) + rack),
    'feedface',
  )
}
