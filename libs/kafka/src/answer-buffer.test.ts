import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AnswerBuffer } from './answer-buffer.ts'

function sized(body: Uint8Array): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

/** Gives bytes to the buffer as a socket does: as many as there is room for, and at most so many as come at once. Returns what comes out. */
function arrive(answers: AnswerBuffer, bytes: Buffer, pieces: readonly number[]): Buffer[] {
  const out: Buffer[] = []
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const room = answers.room()
    const count = bytes.copy(room, 0, at, at + (pieces[turn % pieces.length] ?? 1))
    at += count
    const whole = answers.arrived(count)
    if (whole !== undefined) out.push(whole)
  }
  return out
}

const lengths = fc.array(fc.oneof(fc.nat(20), fc.nat(200_000)), { maxLength: 8 })
const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 150_000 })), {
  minLength: 1,
  maxLength: 8,
})

test('answers come out whole and in order, whatever pieces they come in', () => {
  fc.assert(
    fc.property(lengths, pieces, (lengths, pieces) => {
      const all = lengths.map((length, index) => sized(Buffer.alloc(length, index + 1)))
      const out = arrive(new AnswerBuffer(), Buffer.concat(all), pieces)
      expect(Buffer.concat(out).equals(Buffer.concat(all))).toBe(true)
      let end = 0
      const ends = new Set(all.map(({ length }) => (end += length)))
      let come = 0
      for (const whole of out) expect(ends.has((come += whole.length))).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test('what comes out stays as it is when more comes in', () => {
  const answers = new AnswerBuffer()
  const [first] = arrive(answers, sized(Buffer.from('first')), [100])
  arrive(answers, sized(Buffer.from('later')), [100])
  expect(first?.toString('utf8', 4)).toBe('first')
})

test('a long answer is read into the buffer that comes out', () => {
  const answers = new AnswerBuffer()
  const bytes = sized(Buffer.alloc(1_000_000, 7))
  expect(arrive(answers, bytes.subarray(0, 10), [10])).toEqual([])
  const room = answers.room()
  expect(room.length).toBe(bytes.length - 10)
  const [whole] = arrive(answers, bytes.subarray(10), [1_000_000])
  expect(whole?.buffer).toBe(room.buffer)
})

test.each([['HTTP/1.1 400 Bad Request'], ['\xff\xff\xff\xff'], ['\x15\x03\x03\x00\x02\x02\x46']])(
  'what is no answer of a broker is refused: %j',
  (text) => {
    const bytes = Buffer.from(text, 'latin1')
    expect(() => arrive(new AnswerBuffer(), bytes, [100])).toThrow(/is this the address of a Kafka broker, and is TLS/)
  },
)
