import type { Random } from '../seeded-random.ts'
import type { SourceFrame } from '../source-frame.ts'

/** What is looked for in the payload, and the byte of it that is overwritten: each makes a frame that is no trade. */
const WOUNDS = [
  { mark: '{"e"', at: 0, byte: '<' },
  { mark: '"p":"', at: 5, byte: 'x' },
  { mark: '"t":', at: 1, byte: 'x' },
] as const

/** A trade with one byte of its payload wrong, so that no reader can take it for a trade: no JSON, no price, or no id. */
export function corruptFrame(frame: SourceFrame, random: Random): SourceFrame {
  const bytes = Buffer.from(frame.bytes)
  const { mark, at, byte } = WOUNDS[random.integer(WOUNDS.length)] ?? WOUNDS[0]
  const found = bytes.indexOf(mark, frame.dataStart)
  bytes.write(byte, found < 0 ? frame.dataStart : found + at, 'latin1')
  return { ...frame, bytes }
}
