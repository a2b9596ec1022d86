/** An entry of state can't be written, or taken up: its `snapshot` or `restore` has thrown what is the cause. */
export class EntryError extends Error {
  override readonly name = 'EntryError'
  readonly entryKey: string

  constructor(entryKey: string, cause: unknown) {
    super(`state entry ${entryKey}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.entryKey = entryKey
  }
}
