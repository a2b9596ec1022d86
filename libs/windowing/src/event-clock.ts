/** The event time of a partition, or of one key. Only ever moved forwards; `-Infinity` before all, and never the end of time. */
export interface EventTime {
  /** Largest event time seen. */
  streamTimeMs: number
  /** Largest watermark that a heartbeat in the log has promised. */
  heartbeatMs: number
  /** Of a time that is no further than any of these; then the two above say nothing. */
  readonly inputs: readonly EventTime[] | undefined
}

/** What operators go by: one time for all keys (`partition`), or one for each (`key`). */
export interface Clock {
  readonly mode: 'partition' | 'key'
  /** The time that holds for a key. The object stays the same, so a reader may keep it. */
  timeOf(key: string): EventTime
}

/** What a clock needs to go on after a restart: the times of its keys (`''` for a partition's own). */
export type EventClockSnapshot = readonly (readonly [key: string, streamTimeMs: number, heartbeatMs: number])[]

interface TrackedTime {
  readonly key: string
  readonly time: EventTime
  /** Since the last call of `changes`. */
  changed: boolean
}

const BEFORE_ALL = -Infinity

/**
 * The clock of a source's partition: one time for all records (`partition`), or one for each key (`key`), for sources that
 * are in order per key, where one key's progress must not close the windows of another.
 */
export class EventClock implements Clock {
  readonly mode: 'partition' | 'key'
  readonly #shared = trackedTime('')
  readonly #byKey = new Map<string, TrackedTime>()
  /** Of the key that was asked for last: they come in runs. */
  #latest: TrackedTime | undefined
  #changed: TrackedTime[] = []

  constructor(mode: 'partition' | 'key') {
    this.mode = mode
  }

  /** How many times are kept. */
  get size(): number {
    return this.mode === 'partition' ? 1 : this.#byKey.size
  }

  timeOf(key: string): EventTime {
    return this.#tracked(key).time
  }

  /** A record was seen. A smaller time than before changes nothing. Throws a RangeError for one that is not finite. */
  observe(key: string, timestampMs: number): void {
    const tracked = this.#tracked(key)
    if (timestampMs <= tracked.time.streamTimeMs) return
    mustBeFinite(key, timestampMs)
    tracked.time.streamTimeMs = timestampMs
    if (!tracked.changed) this.#touch(tracked)
  }

  /**
   * A heartbeat was read: every record of the key below `watermarkMs` stands before it in the log. False: that was known. Throws a RangeError for a
   * time that is not finite: what never closes (`nextCloseMs` of Infinity) would be due.
   */
  heartbeat(key: string, watermarkMs: number): boolean {
    const tracked = this.#tracked(key)
    if (watermarkMs <= tracked.time.heartbeatMs) return false
    mustBeFinite(key, watermarkMs)
    tracked.time.heartbeatMs = watermarkMs
    if (!tracked.changed) this.#touch(tracked)
    return true
  }

  /**
   * What has changed since the last call, for a changelog: an entry for each key whose time moved (`''` for a partition's own),
   * with JSON-safe data.
   */
  changes(): [entryKey: string, data: unknown][] {
    const changed = this.#changed
    this.#changed = []
    return changed.map((tracked) => {
      tracked.changed = false
      const { streamTimeMs, heartbeatMs } = tracked.time
      return [tracked.key, [streamTimeMs, heartbeatMs].map((timeMs) => (timeMs === BEFORE_ALL ? null : timeMs))]
    })
  }

  /** Takes up an entry that `changes` gave. Later times already seen stay. */
  restoreEntry(entryKey: string, data: unknown): void {
    const [streamTimeMs, heartbeatMs] = data as [number | null, number | null]
    const { time } = this.#tracked(entryKey)
    time.streamTimeMs = Math.max(time.streamTimeMs, streamTimeMs ?? BEFORE_ALL)
    time.heartbeatMs = Math.max(time.heartbeatMs, heartbeatMs ?? BEFORE_ALL)
  }

  snapshot(): EventClockSnapshot {
    const times: [string, EventTime][] =
      this.mode === 'partition' ? [['', this.#shared.time]] : [...this.#byKey].map(([key, { time }]) => [key, time])
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

  #tracked(key: string): TrackedTime {
    if (this.mode === 'partition') return this.#shared
    const latest = this.#latest
    if (latest?.key === key) return latest
    let tracked = this.#byKey.get(key)
    if (tracked === undefined) {
      tracked = trackedTime(key)
      this.#byKey.set(key, tracked)
    }
    this.#latest = tracked
    return tracked
  }

  #touch(tracked: TrackedTime): void {
    tracked.changed = true
    this.#changed.push(tracked)
  }
}

function mustBeFinite(key: string, timeMs: number): void {
  if (!Number.isFinite(timeMs))
    throw new RangeError(`event time of key '${key}' can't become ${timeMs}: it is not finite`)
}

function trackedTime(key: string): TrackedTime {
  return { key, time: { streamTimeMs: BEFORE_ALL, heartbeatMs: BEFORE_ALL, inputs: undefined }, changed: false }
}

/** What heartbeats alone have promised: every record below it stands before this place in the log. */
export function promisedMs(time: EventTime): number {
  return watermarkMs(time, Infinity)
}

/** Up to where event time is complete: windows that end at or before it are closed. */
export function watermarkMs(time: EventTime, graceMs: number): number {
  if (time.inputs !== undefined) {
    let earliestMs = Infinity
    for (const input of time.inputs) earliestMs = Math.min(earliestMs, watermarkMs(input, graceMs))
    return earliestMs
  }
  return Math.max(time.streamTimeMs - graceMs, time.heartbeatMs)
}
