import { kafkaApis } from './kafka-apis.ts'
import { reading, type Read } from './kafka-frames.ts'

/** Where a broker tells clients to find it, or another broker. */
export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** An address in a response, and the bytes it takes: a string and the port behind it. */
export interface AdvertisedAddress extends BrokerAddress {
  readonly start: number
  readonly end: number
}

const WITHHELD = -1

/**
 * The newest version in which an API's addresses are at a place known here, or in which it has none yet; `WITHHELD` where there is no such
 * version. All others go through as they are. Metadata and FindCoordinator are flexible from the next one on; Produce, Fetch and
 * DescribeQuorum name brokers from the next one on (KIP-951, KIP-853). Clients make do: they know older brokers.
 */
const newestVersions: ReadonlyMap<number, number> = new Map([
  [kafkaApis.Metadata, 8],
  [kafkaApis.FindCoordinator, 2],
  [kafkaApis.Produce, 9],
  [kafkaApis.Fetch, 15],
  [kafkaApis.DescribeQuorum, 1],
  [kafkaApis.DescribeCluster, WITHHELD],
  [kafkaApis.ShareFetch, WITHHELD],
  [kafkaApis.ShareAcknowledge, WITHHELD],
])

/** Whether clients stay behind the proxy with this version. One that asked for ApiVersions never uses another. */
export function isSupported(apiKey: number, apiVersion: number): boolean {
  return apiVersion <= (newestVersions.get(apiKey) ?? Infinity)
}

/** Finds the addresses in a response (Kafka protocol guide, "Metadata" v0 to v8 and "FindCoordinator" v0 to v2). */
export function advertisedAddresses(
  { apiKey, apiVersion }: { readonly apiKey: number; readonly apiVersion: number },
  response: Buffer,
): Read<AdvertisedAddress[]> {
  if (apiKey === kafkaApis.Metadata) return reading('Metadata response', () => inMetadata(apiVersion, response))
  if (apiKey === kafkaApis.FindCoordinator) {
    return reading('FindCoordinator response', () => inFindCoordinator(apiVersion, response))
  }
  return { ok: true, value: [] }
}

const CORRELATION_ID_BYTES = 4
const THROTTLE_BYTES = 4
const NODE_ID_BYTES = 4

function inMetadata(apiVersion: number, response: Buffer): AdvertisedAddress[] {
  let at = CORRELATION_ID_BYTES + (apiVersion >= 3 ? THROTTLE_BYTES : 0)
  const count = response.readInt32BE(at)
  at += 4
  const addresses: AdvertisedAddress[] = []
  while (addresses.length < count) {
    const address = addressAt(response, at + NODE_ID_BYTES)
    addresses.push(address)
    at = apiVersion >= 1 ? afterString(response, address.end) : address.end
  }
  return addresses
}

function inFindCoordinator(apiVersion: number, response: Buffer): AdvertisedAddress[] {
  let at = CORRELATION_ID_BYTES + (apiVersion >= 1 ? THROTTLE_BYTES : 0)
  const errorCode = response.readInt16BE(at)
  if (errorCode !== 0) return []
  at += 2
  if (apiVersion >= 1) at = afterString(response, at)
  return [addressAt(response, at + NODE_ID_BYTES)]
}

function addressAt(response: Buffer, start: number): AdvertisedAddress {
  const portAt = afterString(response, start)
  return {
    host: response.toString('utf8', start + 2, portAt),
    port: response.readInt32BE(portAt),
    start,
    end: portAt + 4,
  }
}

/** Where a nullable string ends. */
function afterString(response: Buffer, at: number): number {
  const end = at + 2 + Math.max(0, response.readInt16BE(at))
  if (end > response.length) throw new RangeError(`a string that ends at ${end} of ${response.length} bytes`)
  return end
}

/** The response with other addresses at the same places, which are in ascending order. */
export function withAddresses(response: Buffer, replaced: readonly AdvertisedAddress[]): Buffer {
  const parts: Buffer[] = []
  let done = 0
  for (const { host, port, start, end } of replaced) {
    const address = Buffer.alloc(2 + Buffer.byteLength(host) + 4)
    address.writeInt16BE(Buffer.byteLength(host), 0)
    address.write(host, 2)
    address.writeInt32BE(port, address.length - 4)
    parts.push(response.subarray(done, start), address)
    done = end
  }
  return Buffer.concat([...parts, response.subarray(done)])
}

const UNSUPPORTED_VERSION = 35
const FIRST_FLEXIBLE = 3

/**
 * An ApiVersions response that offers nothing but what `isSupported` (Kafka protocol guide, "ApiVersions" v0 to v4). A broker answers a
 * version it does not know as it answers v0.
 */
export function withSupportedVersions(apiVersion: number, response: Buffer): Read<Buffer> {
  return reading('ApiVersions response', () => {
    const listAt = CORRELATION_ID_BYTES + 2
    const isFlexible =
      apiVersion >= FIRST_FLEXIBLE && response.readInt16BE(CORRELATION_ID_BYTES) !== UNSUPPORTED_VERSION
    const length = isFlexible ? uvarintAt(response, listAt) : { value: response.readInt32BE(listAt), end: listAt + 4 }
    const count = isFlexible ? length.value - 1 : length.value
    const kept: Buffer[] = []
    let at = length.end
    for (let index = 0; index < count; index++) {
      const end = isFlexible ? afterTags(response, at + ENTRY_BYTES) : at + ENTRY_BYTES
      const entry = Buffer.from(response.subarray(at, end))
      if (capVersion(entry)) kept.push(entry)
      at = end
    }
    const newLength = isFlexible ? uvarint(kept.length + 1) : int32(kept.length)
    return Buffer.concat([response.subarray(0, listAt), newLength, ...kept, response.subarray(at)])
  })
}

const ENTRY_BYTES = 6

/** Lowers the newest version in an entry; false where none is left. */
function capVersion(entry: Buffer): boolean {
  const newest = Math.min(entry.readInt16BE(4), newestVersions.get(entry.readInt16BE(0)) ?? Infinity)
  entry.writeInt16BE(newest, 4)
  return newest >= entry.readInt16BE(2)
}

function afterTags(response: Buffer, start: number): number {
  let { value: tags, end } = uvarintAt(response, start)
  for (; tags > 0; tags--) {
    const size = uvarintAt(response, uvarintAt(response, end).end)
    end = size.end + size.value
  }
  return end
}

const MAX_UVARINT_BYTES = 5

function uvarintAt(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let index = 0; index < MAX_UVARINT_BYTES; index++) {
    const byte = bytes.readUInt8(start + index)
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, end: start + index + 1 }
  }
  throw new RangeError('a number of more than five bytes')
}

function uvarint(value: number): Buffer {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value & 0x7f) | 0x80)
  return Buffer.from([...bytes, value])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
