/**
 * One element inside the system. One object serves many records, so it is valid during the call that hands it over: copy what is to be
 * kept. Its value may be kept as it is.
 */
export interface StreamRecord<V, K = string> {
  readonly key: K
  readonly value: V
  /** Event time. */
  readonly timestampMs: number
}

/** The one record of an operator that hands on many. */
export class ReusedRecord<V> implements StreamRecord<V> {
  key = ''
  value = undefined as V
  timestampMs = 0

  of(key: string, value: V, timestampMs: number): StreamRecord<V> {
    this.key = key
    this.value = value
    this.timestampMs = timestampMs
    return this
  }
}
