import type { Codec, Decoded, LogReaderPort, RecordCursor } from '@tidemark/streams'

/** Reads what has been added to a topic since it was last asked, from the topic's start on. One call at a time. */
export class TopicFollower {
  readonly topic: string
  readonly #reader: LogReaderPort
  readonly #positions: number[] = []
  #ends: readonly number[] = []

  constructor(reader: LogReaderPort, topic: string) {
    this.topic = topic
    this.#reader = reader
  }

  /** The end of each partition at the last read. */
  get ends(): readonly number[] {
    return this.#ends
  }

  /** Shows every new record to `visit`; the cursor is valid during the call. */
  async follow(visit: (cursor: RecordCursor) => void | Promise<void>): Promise<void> {
    const partitions = await this.#reader.offsets(this.topic)
    for (const [partition, { startOffset, endOffset }] of partitions.entries()) {
      const from = this.#positions[partition] ?? startOffset
      if (from >= endOffset) continue
      for await (const batch of this.#reader.read({ topic: this.topic, partition }, from, endOffset)) {
        const cursor = batch.cursor()
        while (cursor.next()) if (cursor.offset < endOffset) await visit(cursor)
      }
      this.#positions[partition] = endOffset
    }
    this.#ends = partitions.map(({ endOffset }) => endOffset)
  }

  /** Shows the value of every new record that has one. Throws for one that can't be decoded. */
  async followValues<T>(codec: Codec<T>, visit: (value: T) => void): Promise<void> {
    await this.follow(async (cursor) => {
      const { bytes, valueStart, valueEnd, offset } = cursor
      if (valueStart < 0) return
      let decoded: Decoded<T> = codec.decode(bytes, valueStart, valueEnd)
      if (
        !decoded.ok &&
        decoded.issue.schemaId !== undefined &&
        (await codec.load?.(decoded.issue.schemaId)) === true
      ) {
        decoded = codec.decode(bytes, valueStart, valueEnd)
      }
      if (!decoded.ok) throw new Error(`topic ${this.topic} offset ${offset}: ${decoded.issue.message}`)
      visit(decoded.value)
    })
  }
}
