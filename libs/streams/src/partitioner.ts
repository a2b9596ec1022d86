const SEED = 0x9747b28c
const MIX = 0x5bd1e995

/**
 * Murmur2 of a key, as a signed 32-bit number: the hash by which the Java client places keyed records.
 *
 * Source: A. Appleby, MurmurHash2; constants as in `org.apache.kafka.common.utils.Utils.murmur2`.
 */
export function murmur2(key: Uint8Array): number {
  const length = key.length
  let hash = SEED ^ length
  const whole = length & ~3
  for (let at = 0; at < whole; at += 4) {
    let word = byteAt(key, at) | (byteAt(key, at + 1) << 8) | (byteAt(key, at + 2) << 16) | (byteAt(key, at + 3) << 24)
    word = Math.imul(word, MIX)
    word ^= word >>> 24
    hash = Math.imul(hash, MIX) ^ Math.imul(word, MIX)
  }
  const left = length & 3
  if (left === 3) hash ^= byteAt(key, whole + 2) << 16
  if (left >= 2) hash ^= byteAt(key, whole + 1) << 8
  if (left >= 1) hash = Math.imul(hash ^ byteAt(key, whole), MIX)
  hash ^= hash >>> 13
  hash = Math.imul(hash, MIX)
  return hash ^ (hash >>> 15)
}

/** The partition of a keyed record, as the Java client's default partitioner has it. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number
}
