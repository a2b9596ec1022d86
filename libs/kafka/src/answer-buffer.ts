import { StreamsError } from '@tidemark/streams'

const SIZE_BYTES = 4
const SCRATCH_BYTES = 64 * 1024
/** Far beyond what is ever asked for: what claims to be longer is no answer of a Kafka broker, but text, or an alert of TLS. */
const MAX_ANSWER_BYTES = 256 * 1024 ** 2

/**
 * Puts the answers of a broker together where they arrive. Each is preceded by its size, so that a long one is read into one buffer of
 * its own, and never copied; fetched batches stay views over it.
 */
export class AnswerBuffer {
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  /** At the beginning of `#scratch`, less than a size. */
  #held = 0
  #answer: Buffer | undefined
  #filled = 0

  /** Where the next bytes are to be read to. */
  room(): Buffer {
    return this.#answer === undefined ? this.#scratch.subarray(this.#held) : this.#answer.subarray(this.#filled)
  }

  /** Takes in so many bytes that were read to `room()`. Returns answers that are whole by them, if any. Throws a `StreamsError` where it is none. */
  arrived(bytes: number): Buffer | undefined {
    if (this.#answer === undefined) return this.#sorted(this.#held + bytes)
    this.#filled += bytes
    if (this.#filled < this.#answer.length) return undefined
    const answer = this.#answer
    this.#answer = undefined
    return answer
  }

  #sorted(end: number): Buffer | undefined {
    const scratch = this.#scratch
    let at = 0
    while (end - at >= SIZE_BYTES) {
      const length = SIZE_BYTES + sizeAt(scratch, at)
      if (end - at < length) {
        this.#answer = Buffer.allocUnsafeSlow(length)
        this.#filled = scratch.copy(this.#answer, 0, at, end)
        break
      }
      at += length
    }
    const whole = at === 0 ? undefined : Buffer.from(scratch.subarray(0, at))
    this.#held = this.#answer === undefined ? scratch.copy(scratch, 0, at, end) : 0
    return whole
  }
}

function sizeAt(bytes: Buffer, at: number): number {
  const size = bytes.readInt32BE(at)
  if (size >= 0 && size <= MAX_ANSWER_BYTES) return size
  const text = bytes.toString('latin1', at, at + SIZE_BYTES).replaceAll(/[^ -~]/g, '.')
  throw new StreamsError(
    'protocol',
    `an answer begins with '${text}', which is no size: is this the address of a Kafka broker, and is TLS on or off on both sides?`,
  )
}
