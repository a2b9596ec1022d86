/** What a state was made for. As text it is in the state's changelog, and read again at the start. */
export interface StateSpec {
  /** Such as the kind of the windows and their sizes. */
  readonly madeFor: string
  /** What folds records into it; undefined: the text is older than that, or `version` alone is to tell. */
  readonly foldedBy?: string | undefined
  /** Of what a user keeps in it, as the user counts; not told is 1. */
  readonly version?: number | undefined
  /** Goes up when the library writes the state in another way; not told is 1. */
  readonly entriesVersion?: number | undefined
}

/** How a state that was written relates to the one that is to go on with it. */
export type SpecChange =
  | 'none'
  /** The same, told in other words: it can be gone on with. */
  | 'wording'
  /** Written for the same by another version of the library. */
  | 'format'
  | 'topology'

const SPEC = /^(.*?)(?:, folded by (.*?))?(?:, version (\d+))?(?:, entries of version (\d+))?$/s

/** A spec as text. */
export function specOf({ madeFor, foldedBy, version, entriesVersion }: StateSpec): string {
  const fold = foldedBy === undefined ? '' : `, folded by ${foldedBy}`
  const users = version === undefined ? '' : `, version ${version}`
  const library = entriesVersion === undefined ? '' : `, entries of version ${entriesVersion}`
  return `${madeFor}${fold}${users}${library}`
}

/** How the text of a spec differs from the one of now. */
export function specChange(stored: unknown, now: string): SpecChange {
  if (stored === now) return 'none'
  if (typeof stored !== 'string') return 'topology'
  const before = parse(stored)
  const after = parse(now)
  const isSameFold = before.foldedBy === undefined || after.foldedBy === undefined || before.foldedBy === after.foldedBy
  if (before.madeFor !== after.madeFor || !isSameFold || (before.version ?? 1) !== (after.version ?? 1))
    return 'topology'
  return entriesVersionOf(stored) === entriesVersionOf(now) ? 'wording' : 'format'
}

/** 1 where it does not say. */
export function entriesVersionOf(spec: unknown): number {
  return parse(String(spec)).entriesVersion ?? 1
}

function parse(text: string): StateSpec {
  const [, madeFor = text, foldedBy, version, entriesVersion] = SPEC.exec(text) ?? []
  return { madeFor, foldedBy, version: numberOf(version), entriesVersion: numberOf(entriesVersion) }
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits)
}
