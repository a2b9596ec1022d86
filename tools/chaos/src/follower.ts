import type { Codec, LogReaderPort } from '@tidemark/streams'
import type { Read } from './jobs/job.ts'

interface FollowerWait {
  readonly nowMs: () => number
  readonly wait: (ms: number) => Promise<void>
}

const CATCH_UP_LIMIT_MS = 60_000
const POLL_MS = 100

/** A reader of a topic's committed records that is there from before the first one on: what it was given can't be taken back. */
export class Follower {
  readonly #reader: LogReaderPort
  readonly #topic: string
  /** The offset to read next and the records that have a value, by partition. */
  readonly #partitions: { position: number; readonly records: Read<Buffer>[] }[] = []
  #failure: unknown
  #reading: Promise<unknown> = Promise.resolve()

  /** The reader is the follower's own, which closes it. */
  constructor(reader: LogReaderPort, topic: string) {
    this.#reader = reader
    this.#topic = topic
  }

  async start(): Promise<void> {
    const offsets = await this.#reader.offsets(this.#topic)
    for (const { startOffset } of offsets) this.#partitions.push({ position: startOffset, records: [] })
    this.#reading = Promise.all(
      offsets.map((_, partition) =>
        this.#follow(partition).catch((error: unknown) => {
          this.#failure ??= error
        }),
      ),
    )
  }

  /** How many records it has been given so far. */
  get seen(): number {
    return this.#partitions.reduce((sum, { records }) => sum + records.length, 0)
  }

  /** What it was given once it got to where the topic ends now, partition by partition. Rejects where it does not get there. */
  async untilEnd({ nowMs, wait }: FollowerWait): Promise<<V>(codec: Codec<V>) => Promise<Read<V>[]>> {
    const ends = await this.#reader.offsets(this.#topic)
    const giveUpMs = nowMs() + CATCH_UP_LIMIT_MS
    while (this.#partitions.some(({ position }, partition) => position < (ends[partition]?.endOffset ?? 0))) {
      if (this.#failure !== undefined) throw new Error(`${this.#topic}: following it`, { cause: this.#failure })
      if (nowMs() > giveUpMs) throw new Error(`${this.#topic}: its follower does not get to the end`)
      await wait(POLL_MS)
    }
    return async (codec) => this.#decoded(codec)
  }

  /** Ends the reading. */
  async close(): Promise<void> {
    await this.#reader.close()
    await this.#reading
  }

  async #follow(partition: number): Promise<void> {
    const followed = this.#partitions[partition]!
    for await (const batch of this.#reader.read({ topic: this.#topic, partition }, followed.position, Infinity)) {
      for (const cursor = batch.cursor(); cursor.next();) {
        const { bytes, valueStart, valueEnd } = cursor
        if (valueStart < 0) continue
        const value = Buffer.from(bytes.subarray(valueStart, valueEnd))
        followed.records.push({ partition, key: Buffer.from(cursor.key() ?? []), value })
      }
      followed.position = batch.nextOffset
    }
  }

  #decoded<V>(codec: Codec<V>): Read<V>[] {
    return this.#partitions.flatMap(({ records }, partition) =>
      records.map(({ key, value: bytes }) => {
        const decoded = codec.decode(bytes, 0, bytes.length)
        if (!decoded.ok) throw new Error(`${this.#topic} partition ${partition}: ${decoded.issue.message}`)
        return { partition, key, value: decoded.value }
      }),
    )
  }
}
