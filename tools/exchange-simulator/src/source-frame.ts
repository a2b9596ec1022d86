import { changeTimes } from './frame-times.ts'

/** One frame a source wants sent, in the form it has on a combined connection. */
export interface SourceFrame {
  /** Lower-case stream name, such as `btcusdt@trade`; null for a frame every connection gets, whatever it subscribed. */
  readonly stream: string | null
  readonly bytes: Buffer
  /** Where the payload starts in `bytes`; it ends one byte before the end. 0 when there is no wrapping to take off. */
  readonly dataStart: number
  /** Local receive time of the recording, or the market's own time, in µs. */
  readonly receivedAtUs: number
  readonly binary: boolean
}

/** The bytes of a frame for a connection that is combined (wrapped in `stream` and `data`) or raw. */
export function frameBytes(frame: SourceFrame, combined: boolean): Buffer {
  return combined || frame.dataStart === 0 ? frame.bytes : frame.bytes.subarray(frame.dataStart, frame.bytes.length - 1)
}

/** The frame with its times moved by a constant. */
export function moveFrame(frame: SourceFrame, offsetMs: number): SourceFrame {
  const bytes = changeTimes(frame.bytes, { offsetMs, unit: undefined })
  return { ...frame, bytes, receivedAtUs: frame.receivedAtUs + offsetMs * 1000 }
}

/** `BTCUSDT` of `btcusdt@trade`. */
export function streamSymbol(stream: string): string {
  const at = stream.indexOf('@')
  return (at < 0 ? stream : stream.slice(0, at)).toUpperCase()
}

export function isTradeStream(stream: string): boolean {
  return stream.endsWith('@trade')
}
