import type { MalformedFrame } from './malformed-frames.ts'
import { seededRandom } from './seeded-random.ts'
import type { SourceFrame } from './source-frame.ts'

/** A malformed frame and the frame of the source, counted from 0, that it goes before. */
export interface PlacedFrame {
  readonly beforeFrame: number
  readonly malformed: MalformedFrame
}

/**
 * Spreads the malformed frames over the first `frameCount` frames of a source: each gets an equal stretch, and a place
 * in it by the seed. Same seed, same places; they come in the order given.
 */
export function placeMalformed(
  frames: readonly MalformedFrame[],
  frameCount: number,
  seed: number,
): readonly PlacedFrame[] {
  const random = seededRandom(seed, 'malformed')
  return frames.map((malformed, index) => ({
    beforeFrame: Math.min(frameCount - 1, Math.floor(((index + random.uniform()) / frames.length) * frameCount)),
    malformed,
  }))
}

/**
 * Puts the malformed frames that fall into a run of source frames between them. Nothing is replaced: all frames of the
 * source are in the result, in their order.
 */
export function mixIn(
  frames: readonly SourceFrame[],
  firstIndex: number,
  placed: readonly PlacedFrame[],
): readonly SourceFrame[] {
  const here = placed.filter(({ beforeFrame }) => beforeFrame >= firstIndex && beforeFrame < firstIndex + frames.length)
  if (here.length === 0) return frames
  const mixed: SourceFrame[] = []
  for (const [index, frame] of frames.entries()) {
    for (const { beforeFrame, malformed } of here) {
      if (beforeFrame === firstIndex + index) mixed.push(asSourceFrame(malformed, frame.receivedAtUs))
    }
    mixed.push(frame)
  }
  return mixed
}

function asSourceFrame({ bytes, binary = false }: MalformedFrame, receivedAtUs: number): SourceFrame {
  return { stream: null, bytes, dataStart: 0, receivedAtUs, binary }
}
