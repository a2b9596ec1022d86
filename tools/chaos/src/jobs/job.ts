import { jsonCodec, type Codec, type Topology } from '@tidemark/streams'
import type { Judgement } from '../verdict.ts'

/** A record of the load: its key's sequence numbers are contiguous from 0 on, so that nothing can be missing unnoticed. */
export interface Sample {
  readonly sequence: number
  readonly timestampMs: number
  readonly amount: number
}

export interface JobTopics {
  readonly input: string
  readonly output: string
  /** Of the job's table, where it has one. */
  readonly table: string
}

/** A record as it is written. */
export interface Keyed<V> {
  readonly key: Buffer
  readonly value: V
}

/** A record as it was read back. */
export interface Read<V> extends Keyed<V> {
  readonly partition: number
}

/** What an application under test does, and what of its results is right. */
export interface Job {
  topology(topics: JobTopics): Topology
  /** The load in the order in which it is written, without an end. */
  load(random: () => number): Iterable<Keyed<Sample>>
  /** The table's records in the order in which they are written; a value of null deletes. */
  readonly table?: readonly (readonly [key: Buffer, value: Buffer | null])[]
  /** What came out against a fold, in one go, of what was written. */
  judge(written: readonly Read<Sample>[], readOutput: <V>(codec: Codec<V>) => Promise<Read<V>[]>): Promise<Judgement>
}

export const isObject = (json: unknown) => (typeof json === 'object' && json !== null ? undefined : 'not an object')
export const sampleCodec = jsonCodec<Sample>(isObject)
