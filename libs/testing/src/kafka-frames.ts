/** Above what a broker takes and sends with default settings; more is not Kafka, or a length that was misread. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024
const SIZE_BYTES = 4

/** Bad data is a value: what was read, or what is wrong with it. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issue: string }

/** What every request begins with. The same bytes in each version of the header. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** Null from a client that gives none. */
  readonly clientId: string | null
}

/** Cuts a stream of bytes into the frames of Kafka's protocol: a length, and that many bytes. */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #bytes = 0
  #wanted = SIZE_BYTES

  /** The frames that are whole by now, without their lengths. After an issue the stream is beyond repair. */
  push(chunk: Buffer): Read<Buffer[]> {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Buffer[] = []
    while (this.#bytes >= this.#wanted) {
      const joined = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
      this.#chunks = [joined]
      const size = joined.readInt32BE(0)
      if (size < SIZE_BYTES || size > MAX_FRAME_BYTES) return { ok: false, issue: `a frame of ${size} bytes` }
      this.#wanted = SIZE_BYTES + size
      if (this.#bytes < this.#wanted) break
      frames.push(joined.subarray(SIZE_BYTES, this.#wanted))
      this.#chunks = [joined.subarray(this.#wanted)]
      this.#bytes -= this.#wanted
      this.#wanted = SIZE_BYTES
    }
    return { ok: true, value: frames }
  }
}

/** Reads the header of a request (Kafka protocol guide, "Request Header"). */
export function readRequestHeader(frame: Buffer): Read<RequestHeader> {
  return reading('request header', () => {
    const length = frame.readInt16BE(8)
    if (length > frame.length - 10) throw new RangeError(`a client id of ${length} bytes`)
    return {
      apiKey: frame.readInt16BE(0),
      apiVersion: frame.readInt16BE(2),
      correlationId: frame.readInt32BE(4),
      clientId: length < 0 ? null : frame.toString('utf8', 10, 10 + length),
    }
  })
}

/** Which request a response answers. Frames are never shorter than this. */
export function correlationIdOf(response: Buffer): number {
  return response.readInt32BE(0)
}

/** Turns the RangeError of a read over the end into an issue. */
export function reading<T>(subject: string, read: () => T): Read<T> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, issue: `${subject} is cut off or damaged: ${error.message}` }
    throw error
  }
}
