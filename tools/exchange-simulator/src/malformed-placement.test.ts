import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { malformedFrames } from './malformed-frames.ts'
import { mixIn, placeMalformed } from './malformed-placement.ts'
import type { SourceFrame } from './source-frame.ts'

const malformed = malformedFrames()

const source = (count: number): SourceFrame[] =>
  Array.from({ length: count }, (_, index) => ({
    stream: 'a@trade',
    bytes: Buffer.from(`${index}`),
    dataStart: 0,
    receivedAtUs: index,
    binary: false,
  }))

describe('malformed frames in a source', () => {
  it('replace nothing: all of both are there, in order, however the source is cut into batches', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer(),
        fc.integer({ min: 1, max: 50 }),
        (count, seed, batchSize) => {
          const placed = placeMalformed(malformed, count, seed)
          const frames = source(count)
          const mixed: SourceFrame[] = []
          for (let from = 0; from < count; from += batchSize) {
            mixed.push(...mixIn(frames.slice(from, from + batchSize), from, placed))
          }
          expect(mixed.filter(({ stream }) => stream !== null)).toEqual(frames)
          const inserted = mixed.filter(({ stream }) => stream === null).map(({ bytes }) => bytes.length)
          expect(inserted).toEqual(malformed.map(({ bytes }) => bytes.length))
        },
      ),
    )
  })

  it('stand at the same places for the same seed, at others for another', () => {
    const places = (seed: number) => placeMalformed(malformed, 30_000, seed).map(({ beforeFrame }) => beforeFrame)
    expect(places(1)).toEqual(places(1))
    expect(places(1)).not.toEqual(places(2))
  })

  it('keep the binary opcode', () => {
    const mixed = mixIn(source(100), 0, placeMalformed(malformed, 100, 1))
    expect(mixed.filter(({ binary }) => binary)).toHaveLength(1)
  })
})
