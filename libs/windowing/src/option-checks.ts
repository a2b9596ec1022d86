// What is wrong with an option is said where it is given: a limit or a grace that is not a number would not fail, but never be reached.

export function checkDuration(name: string, durationMs: number): void {
  if (Number.isSafeInteger(durationMs) && durationMs > 0) return
  throw new RangeError(`${name} must be a positive whole number of milliseconds, got ${durationMs}`)
}

export function checkGrace(step: string, graceMs: number): void {
  if (Number.isSafeInteger(graceMs) && graceMs >= 0) return
  throw new RangeError(`${step}: graceMs must be a whole number of milliseconds from 0 on, got ${graceMs}`)
}

/** Limits by their names; one that is left out has a default. */
export function checkLimits(step: string, limits: Readonly<Record<string, number | undefined>>): void {
  for (const [name, limit] of Object.entries(limits)) {
    if (limit === undefined || (Number.isSafeInteger(limit) && limit > 0)) continue
    throw new RangeError(`${step}: ${name} must be a positive whole number, got ${limit}`)
  }
}
