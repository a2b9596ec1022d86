/** Unit a connection asked its times in; undefined leaves them as the source has them. */
export type TimeUnit = 'MILLISECOND' | 'MICROSECOND' | undefined

export interface TimeChange {
  readonly offsetMs: number
  readonly unit: TimeUnit
}

/** Times from here up are µs: as ms they would be in the year 5138. */
const FIRST_MICROSECOND = 100_000_000_000_000
const TIMES = /"([ET])":(\d+)/g
const EVENT_TIME = /"E":(\d+)/

/** The event time `E` of a frame in ms, or undefined where it has none. Microseconds are known by magnitude. */
export function eventTimeMs(frame: Buffer): number | undefined {
  const digits = EVENT_TIME.exec(frame.toString('latin1'))?.[1]
  if (digits === undefined) return undefined
  return inMs(Number(digits))
}

/** A time in ms, also where it is in µs; that is known by magnitude. */
export function inMs(time: number): number {
  return time >= FIRST_MICROSECOND ? Math.floor(time / 1000) : time
}

/**
 * Moves the times `E` and `T` of a frame by a constant and writes them in the unit asked for; each keeps its own unit
 * when none was. Every other byte stays as it is: a key in JSON text cannot be mistaken for the inside of a string,
 * where its quotes would be escaped.
 */
export function changeTimes(frame: Buffer, change: TimeChange): Buffer {
  if (change.offsetMs === 0 && change.unit === undefined) return frame
  const text = frame.toString('latin1')
  return Buffer.from(
    text.replace(TIMES, (_, key: string, digits: string) => `"${key}":${changed(digits, change)}`),
    'latin1',
  )
}

function changed(digits: string, { offsetMs, unit }: TimeChange): string {
  const time = Number(digits)
  const isMicroseconds = time >= FIRST_MICROSECOND
  const moved = time + offsetMs * (isMicroseconds ? 1000 : 1)
  if (unit === 'MICROSECOND' && !isMicroseconds) return `${moved * 1000}`
  if (unit === 'MILLISECOND' && isMicroseconds) return `${Math.floor(moved / 1000)}`
  return `${moved}`
}
