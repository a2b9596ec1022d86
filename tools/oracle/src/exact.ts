/** All doubles that occur here are whole numbers of this unit: 2^-400. */
const UNIT_EXPONENT = 400n
const MANTISSA_BITS = 52n

const bits = new DataView(new ArrayBuffer(8))

/** A double as a whole number of 2^-400. Throws a RangeError for one that is none. */
export function exact(value: number): bigint {
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const exponentBits = (raw >> MANTISSA_BITS) & 0x7ffn
  if (exponentBits === 0x7ffn) throw new RangeError(`${value} is not a finite number`)
  const fraction = raw & ((1n << MANTISSA_BITS) - 1n)
  const mantissa = exponentBits === 0n ? fraction : fraction | (1n << MANTISSA_BITS)
  // value = mantissa x 2^(exponent - 1075), where a subnormal number has the exponent 1.
  const shift = (exponentBits === 0n ? 1n : exponentBits) - 1_075n + UNIT_EXPONENT
  const whole = shift >= 0n ? mantissa << shift : mantissa >> -shift
  if (shift < 0n && whole << -shift !== mantissa) throw new RangeError(`${value} is not a multiple of 2^-400`)
  return raw >> 63n === 0n ? whole : -whole
}

/** The double nearest to a whole number of 2^-400, ties to even. */
export function rounded(value: bigint): number {
  const magnitude = value < 0n ? -value : value
  const length = magnitude.toString(2).length
  // 64 bits, the last of which says whether anything is below them, are rounded as all of them would be.
  const dropped = Math.max(0, length - 64)
  const kept = magnitude >> BigInt(dropped)
  const isInexact = kept << BigInt(dropped) !== magnitude
  const scaled = Number(isInexact ? kept | 1n : kept) * 2 ** (dropped - Number(UNIT_EXPONENT))
  return value < 0n ? -scaled : scaled
}

/** The correctly rounded sum. */
export function exactSum(values: readonly number[]): number {
  return rounded(values.reduce((sum, value) => sum + exact(value), 0n))
}
