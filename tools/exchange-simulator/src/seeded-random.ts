/** A reproducible stream of random numbers. */
export interface Random {
  /** In [0, 1), with 32 bits. */
  uniform(): number
  /** Standard normal. */
  normal(): number
  /** Exponential with mean 1. */
  exponential(): number
  /** An integer in [0, limit). */
  integer(limit: number): number
}

const WARM_UP_ROUNDS = 15

/**
 * The generator sfc32 (Doty-Humphrey, PractRand), started from a seed and a name: streams of different names are
 * independent, so adding a symbol to a market leaves the others as they were.
 */
export function seededRandom(seed: number, name: string): Random {
  let a = hash(name, seed | 0)
  let b = hash(name, Math.floor(seed / 2 ** 32) ^ 0x5bd1e995)
  let c = hash(name, 0x1b873593)
  let counter = 1
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) next()
  const uniform = () => next() / 2 ** 32
  // 1 - uniform() is in (0, 1], so that the logarithm stays finite.
  const exponential = () => -Math.log(1 - uniform())
  return {
    uniform,
    exponential,
    normal: () => Math.sqrt(2 * exponential()) * Math.cos(2 * Math.PI * uniform()),
    integer: (limit) => Math.floor(uniform() * limit),
  }
}

/** FNV-1a over the name's UTF-16 code units, from a start value. */
function hash(name: string, start: number): number {
  let value = start ^ 0x811c9dc5
  for (let index = 0; index < name.length; index += 1) value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  return Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) | 0
}
