import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** One request to a broker and how its answer is read. */
export interface Call<Response> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  /** Whether the version has compact fields and tags: then the headers end with tags too, which are not for `encode` and `decode`. */
  readonly flexible?: true
  /** Writes the request's body, without its header. */
  encode(writer: ByteWriter): void
  /** Reads the response's body. Throws a RangeError where it is not of the format. Error codes are values, not exceptions. */
  decode(reader: ByteReader): Response
  /** How many bytes the request takes, where it is large. */
  readonly expectedBytes?: number
  /** How long the broker may hold the answer back by design, on top of the client's request timeout. */
  readonly holdMs?: number
}
