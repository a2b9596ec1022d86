import { checkPayload, parseRecordingLine } from '@tidemark/exchange-simulator'

const newline = 0x0a
const carriageReturn = 0x0d

/**
 * The line of a recording for a frame, `<receive time in µs> <frame>` without its end; undefined for a frame that has no place in one: of
 * another stream (a reply, an announcement), or one that a reader of recordings would refuse. The frame's bytes stay as they came.
 */
export function frameLine(frame: Buffer, receivedUs: number, streams: ReadonlySet<string>): Buffer | undefined {
  if (frame.includes(newline) || frame.includes(carriageReturn)) return undefined
  const line = Buffer.concat([Buffer.from(`${receivedUs} `), frame])
  const parsed = parseRecordingLine(line)
  if (!parsed.ok || !streams.has(parsed.frame.stream ?? '')) return undefined
  return checkPayload(parsed.frame).ok ? line : undefined
}
