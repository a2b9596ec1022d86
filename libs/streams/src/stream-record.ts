/** One element inside the system. Valid during the call that hands it over: copy what is to be kept. */
export interface StreamRecord<V> {
  readonly key: string
  readonly value: V
  /** Event time. */
  readonly timestampMs: number
}
