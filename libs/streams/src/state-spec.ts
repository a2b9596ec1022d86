/** How a state's entries were written, behind what it was made for; in state of the first version there is nothing. */
const ENTRIES_VERSION = /, entries of version (\d+)$/

/** What a state was made for, with the version of its entries: it goes up when the library writes them in another way. */
export function specOf(madeFor: string, entriesVersion: number): string {
  return `${madeFor}, entries of version ${entriesVersion}`
}

/** True where two specs differ in how entries are written alone, not in what they were made for. */
export function differInFormat(one: unknown, other: string): boolean {
  return typeof one === 'string' && one !== other && madeFor(one) === madeFor(other)
}

/** 1 where it does not say. */
export function entriesVersionOf(spec: unknown): number {
  return Number(ENTRIES_VERSION.exec(String(spec))?.[1] ?? 1)
}

function madeFor(spec: string): string {
  return spec.replace(ENTRIES_VERSION, '')
}
