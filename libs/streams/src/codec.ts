/** Why bytes could not be decoded. `unknown-schema` can be cured by `Codec.load`; the others cannot. */
export interface DecodeIssue {
  readonly code: 'malformed' | 'unknown-schema' | 'invalid'
  /** Names what is wrong, without the record's position: the runtime adds topic, partition and offset. */
  readonly message: string
  /** The writer schema's id, where `code` is `unknown-schema`. */
  readonly schemaId?: number
}

/** The outcome of decoding. A codec may reuse one object for all its answers: read it before the next `decode`. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issue: DecodeIssue }

/**
 * Translates between values and bytes, in place: it reads a range of a larger buffer and writes into one, so that neither
 * way needs a buffer per record.
 */
export interface Codec<T> {
  /** Reads the value in `bytes[start, end)`. Never throws for bad bytes. */
  decode(bytes: Buffer, start: number, end: number): Decoded<T>
  /**
   * Writes `value` at `position` of `into` and returns the position after it; where it does not fit, a negative number:
   * how many bytes were missing. Throws a TypeError, naming the field, for a value that is not a `T`.
   */
  readonly encode: (value: T, into: Buffer, position: number) => number
  /** Fetches a writer schema that `decode` did not know. False: there is none with that id (the record is bad). */
  load?(schemaId: number): Promise<boolean>
  /** Awaited once before the first `encode`: looks up what writing needs, such as the id of the writer's schema. */
  prepare?(): Promise<void>
}
