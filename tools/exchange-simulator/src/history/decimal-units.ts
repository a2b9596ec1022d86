/** Decimals are kept as whole numbers of 1e-8, the last digit that the exchange writes: sums and products stay exact. */
const UNIT_DECIMALS = 8
const UNITS_PER_ONE = 10n ** BigInt(UNIT_DECIMALS)

/** `0.02` as 2,000,000 units; digits beyond the eighth are cut off. */
export function toUnits(text: string): bigint {
  const point = text.indexOf('.')
  if (point < 0) return BigInt(text) * UNITS_PER_ONE
  return BigInt(text.slice(0, point) + text.slice(point + 1, point + 1 + UNIT_DECIMALS).padEnd(UNIT_DECIMALS, '0'))
}

/** Units as a decimal of eight digits after the point. */
export function unitsText(units: bigint): string {
  const digits = `${units < 0n ? -units : units}`.padStart(UNIT_DECIMALS + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -UNIT_DECIMALS)}.${digits.slice(-UNIT_DECIMALS)}`
}

/** A product of two decimals, in units of 1e-16, as a decimal of eight digits after the point. */
export function productText(product: bigint): string {
  return unitsText(product / UNITS_PER_ONE)
}

/** The quotient of a product, in units of 1e-16, and a decimal; 0 where there is nothing to divide by. */
export function quotient(product: bigint, by: bigint): bigint {
  return by === 0n ? 0n : product / by
}
