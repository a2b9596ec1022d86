import type { Aggregator } from '@tidemark/windowing'
import type { Decoded } from './codec.ts'
import type { StreamRecord } from './stream-record.ts'

/** Translates between keys and bytes. Two keys are the same if their bytes are. */
export interface KeyCodec<K> {
  /** Reads the key in `bytes[start, end)`. Never throws for bad bytes, which make the record a dead letter. */
  readonly decode: (bytes: Buffer, start: number, end: number) => Decoded<K>
  /** Throws a TypeError for a key that has no bytes. */
  readonly encode: (key: K) => Buffer
}

/** The keys of a topic, where they are not UTF-8 text. */
export interface KeyOption<K> {
  readonly key: KeyCodec<K>
}

/** Keys as Java's IntegerSerializer writes them: 4 bytes, the most significant first. */
export const intKeys: KeyCodec<number> = {
  decode(bytes, start, end) {
    if (end - start === 4) return { ok: true, value: bytes.readInt32BE(start) }
    return { ok: false, issue: { code: 'malformed', message: `the key has ${end - start} bytes, an integer has 4` } }
  },
  encode(key) {
    // What has a fraction, or more bits, would be written as another key.
    if ((key | 0) !== key) throw new TypeError(`a key of intKeys is a whole number of 32 bits, got ${shown(key)}`)
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(key)
    return bytes
  },
}

/** Keys as Java's LongSerializer writes them: 8 bytes, the most significant first. */
export const longKeys: KeyCodec<bigint> = {
  decode(bytes, start, end) {
    if (end - start === 8) return { ok: true, value: bytes.readBigInt64BE(start) }
    return { ok: false, issue: { code: 'malformed', message: `the key has ${end - start} bytes, a long has 8` } }
  },
  encode(key) {
    if (typeof key !== 'bigint' || BigInt.asIntN(64, key) !== key) {
      throw new TypeError(`a key of longKeys is a bigint of 64 bits, got ${shown(key)}`)
    }
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(key)
    return bytes
  },
}

/** Keys as the engine names them: by text that stands for their bytes. */
export interface KeyNames {
  /** Undefined: keys are the UTF-8 text that names them. */
  readonly codec: Pick<KeyCodec<unknown>, 'decode'> | undefined
  /** The name of a key, of its bytes. */
  readonly nameOf: (bytes: Buffer, start: number, end: number) => string
  readonly bytesOf: (name: string) => Buffer
}

/** Keys as users see them besides. */
export interface KeyFormat<K> extends KeyNames {
  readonly codec: KeyCodec<K> | undefined
  readonly keyOf: (name: string) => K
  readonly nameOfKey: (key: K) => string
}

const TEXT_KEYS: KeyFormat<string> = {
  codec: undefined,
  nameOf: (bytes, start, end) => bytes.toString('utf8', start, end),
  bytesOf: (name) => Buffer.from(name),
  keyOf: (name) => name,
  nameOfKey(key: unknown) {
    if (typeof key === 'string') return key
    throw new TypeError(`a key without a codec is text, got ${shown(key)}`)
  },
}

function shown(key: unknown): string {
  return `${typeof key} ${String(key)}`
}

/** Names every sequence of bytes by a text of its own. */
function keyFormat<K>(codec: KeyCodec<K>): KeyFormat<K> {
  const bytesOf = (name: string) => Buffer.from(name, 'latin1')
  return {
    codec,
    nameOf: (bytes, start, end) => bytes.toString('latin1', start, end),
    bytesOf,
    keyOf(name) {
      const bytes = bytesOf(name)
      const decoded = codec.decode(bytes, 0, bytes.length)
      if (decoded.ok) return decoded.value
      throw new TypeError(`a key that was read before can't be read any more: ${decoded.issue.message}`)
    },
    nameOfKey: (key) => codec.encode(key).toString('latin1'),
  }
}

/** The format of the keys of a codec; without one, of text, which is all that `K` can be then. */
export function formatOf<K>(codec: KeyCodec<K> | undefined): KeyFormat<K> {
  return codec === undefined ? (TEXT_KEYS as unknown as KeyFormat<K>) : keyFormat(codec)
}

/** A fold whose results are told keys as users see them, for one that is told their names. */
export function withResultKeys<V, A, R, K>(
  { codec, keyOf }: KeyFormat<K>,
  aggregator: Aggregator<V, A, R, K>,
): Aggregator<V, A, R> {
  // Text names itself.
  if (codec === undefined) return aggregator as unknown as Aggregator<V, A, R>
  const { kind, addRest, merge, snapshot, restore } = aggregator
  return {
    ...(kind !== undefined && { kind }),
    init: () => aggregator.init(),
    add: (accumulator, value) => aggregator.add(accumulator, value),
    ...(addRest !== undefined && { addRest: addRest.bind(aggregator) }),
    ...(merge !== undefined && { merge: merge.bind(aggregator) }),
    result: (accumulator, context) => aggregator.result(accumulator, { ...context, key: keyOf(context.key) }),
    ...(snapshot !== undefined && { snapshot: snapshot.bind(aggregator) }),
    ...(restore !== undefined && { restore: restore.bind(aggregator) }),
  }
}

/** A function over records as users see them, for records as the engine has them. */
export function withKeys<K, V, R>(
  { codec, keyOf }: KeyFormat<K>,
  judge: (value: V, record: StreamRecord<V, K>) => R,
): (value: V, record: StreamRecord<V>) => R {
  // Text names itself.
  if (codec === undefined) return judge as (value: V, record: StreamRecord<V, unknown>) => R
  return (value, { key, timestampMs }) => judge(value, { key: keyOf(key), value, timestampMs })
}
