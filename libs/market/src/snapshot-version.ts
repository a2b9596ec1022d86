/** A snapshot was written by code that keeps it in another way. */
export class SnapshotVersionError extends Error {
  override readonly name = 'SnapshotVersionError'
}

/** Data of a snapshot, whose version comes first, so that it can be found whatever else changes. Throws a `SnapshotVersionError`. */
export function checkedVersion<T extends readonly [version: number, ...rest: unknown[]]>(
  data: unknown,
  version: T[0],
): T {
  const [found] = Array.isArray(data) ? (data as unknown[]) : []
  if (found === version) return data as T
  const what = typeof found === 'number' ? `is of version ${found}` : 'has no version'
  throw new SnapshotVersionError(
    `market snapshot ${what}, this code reads version ${version}: was it written by another release? Go back to that one, or reset the application`,
  )
}
