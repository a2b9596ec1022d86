/** The event time of a partition, or of one key. Only ever moved forwards. */
export interface EventTime {
  /** Largest event time seen. */
  streamTimeMs: number
  /** Largest watermark that a heartbeat in the log has promised. */
  heartbeatMs: number
}

/** What a clock needs to go on after a restart: the times of its keys (`''` for a partition's own). */
export type EventClockSnapshot = readonly (readonly [key: string, streamTimeMs: number, heartbeatMs: number])[]

const BEFORE_ALL = -Infinity

/**
 * The clock of a source's partition: one time for all records (`partition`), or one for each key (`key`), for sources that
 * are in order per key, where one key's progress must not close the windows of another.
 */
export class EventClock {
  readonly mode: 'partition' | 'key'
  readonly #shared: EventTime = { streamTimeMs: BEFORE_ALL, heartbeatMs: BEFORE_ALL }
  readonly #byKey = new Map<string, EventTime>()

  constructor(mode: 'partition' | 'key') {
    this.mode = mode
  }

  /** The time that holds for a key. The object stays the same, so a reader may keep it. */
  timeOf(key: string): EventTime {
    if (this.mode === 'partition') return this.#shared
    let time = this.#byKey.get(key)
    if (time === undefined) {
      time = { streamTimeMs: BEFORE_ALL, heartbeatMs: BEFORE_ALL }
      this.#byKey.set(key, time)
    }
    return time
  }

  /** A record was seen. A smaller time than before changes nothing. */
  observe(key: string, timestampMs: number): void {
    const time = this.timeOf(key)
    if (timestampMs > time.streamTimeMs) time.streamTimeMs = timestampMs
  }

  /** A heartbeat was read: every record of the key below `watermarkMs` stands before it in the log. */
  heartbeat(key: string, watermarkMs: number): void {
    const time = this.timeOf(key)
    if (watermarkMs > time.heartbeatMs) time.heartbeatMs = watermarkMs
  }

  snapshot(): EventClockSnapshot {
    const times: [string, EventTime][] = this.mode === 'partition' ? [['', this.#shared]] : [...this.#byKey]
    return times
      .filter(([, time]) => time.streamTimeMs !== BEFORE_ALL || time.heartbeatMs !== BEFORE_ALL)
      .map(([key, time]) => [key, time.streamTimeMs, time.heartbeatMs])
  }

  /** Puts the clock where a snapshot was taken. Later times already seen stay. */
  restore(snapshot: EventClockSnapshot): void {
    for (const [key, streamTimeMs, heartbeatMs] of snapshot) {
      this.observe(key, streamTimeMs)
      this.heartbeat(key, heartbeatMs)
    }
  }
}

/** Up to where event time is complete: windows that end at or before it are closed. */
export function watermarkMs(time: EventTime, graceMs: number): number {
  return Math.max(time.streamTimeMs - graceMs, time.heartbeatMs)
}
