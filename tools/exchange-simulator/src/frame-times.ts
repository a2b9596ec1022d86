/** Unit a connection asked its times in; undefined leaves them as the source has them. */
export type TimeUnit = 'MILLISECOND' | 'MICROSECOND' | undefined

export interface TimeChange {
  readonly offsetMs: number
  readonly unit: TimeUnit
}

/** Times from here up are µs: as ms they would be in the year 5138. */
const FIRST_MICROSECOND = 100_000_000_000_000
/** A candle's own times stand at its beginning; elsewhere `t` is the id of a trade. */
const TIMES = /("k":\{"t":\d+,"T":|"[ET]":)(\d+)/g
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
 * Moves the times `E` and `T` of a frame, and `t` and `T` of a candle, by a constant and writes them in the unit asked for; each keeps its own unit
 * when none was. Every other byte stays as it is: a key in JSON text cannot be mistaken for the inside of a string,
 * where its quotes would be escaped.
 */
export function changeTimes(frame: Buffer, change: TimeChange): Buffer {
  if (change.offsetMs === 0 && change.unit === undefined) return frame
  const text = frame.toString('latin1')
  return Buffer.from(
    text.replace(TIMES, (_, key: string, digits: string) =>
      key.startsWith('"k"')
        ? key.replace(/\d+/, (open) => changed(open, change)) + changedClose(digits, change)
        : key + changed(digits, change),
    ),
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

/** A candle closes one unit of its time before the next opens. */
function changedClose(digits: string, change: TimeChange): string {
  const next = `${Number(digits) + 1}`
  return `${Number(changed(next, change)) - 1}`
}
