import type { InputPosition } from './operator-context.ts'
import type { RecordCursor } from './record-batch.ts'

/** The record that a result came of. */
export interface Cause {
  readonly topic: string
  /** The offset after it. */
  readonly nextOffset: number
  readonly bytes: number
}

/** Where a task is: at a record, or, between records, at none. */
export class CurrentRecord implements InputPosition {
  at: RecordCursor | undefined
  /** Where it was read from. */
  topic = ''

  get cursor(): RecordCursor {
    if (this.at === undefined) throw new Error('an operator needs a record, and none is being processed')
    return this.at
  }

  /** What a result comes of now. */
  get cause(): Cause {
    const { offset, keyStart, keyEnd, valueStart, valueEnd } = this.cursor
    return { topic: this.topic, nextOffset: offset + 1, bytes: keyEnd - keyStart + valueEnd - valueStart }
  }

  get offset(): number {
    return this.at === undefined ? 0 : this.at.offset
  }
}
