import process from 'node:process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { END_MS, keys, Run, type Sample } from './laws-fixture.ts'
import { session } from './window.ts'

// SPEC.md names these tests.
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

interface Step {
  readonly record: Sample
  readonly beatMs: number | undefined
  readonly kill: boolean
}

interface Case {
  readonly gapMs: number
  readonly graceMs: number
  readonly mode: 'partition' | 'key'
  readonly steps: readonly Step[]
}

/** Records that step back, again and again, by less than a gap, and forth by up to three. */
const cases = fc.integer({ min: 2, max: 20 }).chain((gapMs) => {
  const step = fc.record({
    key: fc.constantFrom('a', 'a', 'a', 'b:1'),
    byMs: fc.oneof(fc.integer({ min: 1 - gapMs, max: 0 }), fc.integer({ min: 1, max: 3 * gapMs })),
    beatAfterMs: fc.option(fc.integer({ min: -gapMs, max: 2 * gapMs }), { freq: 4, nil: undefined }),
    kill: fc.boolean(),
  })
  return fc
    .record({
      graceMs: fc.oneof(fc.constant(0), fc.nat(2 * gapMs)),
      mode: fc.constantFrom('partition' as const, 'key' as const),
      steps: fc.array(step, { maxLength: 40 }),
    })
    .map(({ steps, ...rest }): Case => {
      let timestampMs = 1_000
      const samples = steps.map(({ key, byMs, beatAfterMs, kill }, index): Step => {
        timestampMs += byMs
        const record = { id: index + 1, key, timestampMs, amount: 1 }
        return { record, kill, beatMs: beatAfterMs === undefined ? undefined : timestampMs + beatAfterMs }
      })
      return { ...rest, gapMs, steps: samples }
    })
})

interface Session {
  readonly records: readonly Sample[]
  readonly startMs: number
  readonly endMs: number
}

/** What SPEC.md says, word by word: nothing is forgotten, and all is looked through for each record. */
class Defined {
  readonly late: { readonly record: Sample; readonly reachedMs: number }[] = []
  readonly closed = new Map<string, Session[]>(keys.map((key) => [key, []]))
  readonly #open = new Map<string, Session[]>(keys.map((key) => [key, []]))
  readonly #streamTimesMs = new Map<string, number>()
  readonly #case: Case
  #heartbeatMs = -Infinity

  constructor(given: Case) {
    this.#case = given
  }

  add(record: Sample): void {
    const { mode, gapMs } = this.#case
    const { key, timestampMs } = record
    for (const of of mode === 'key' ? [key] : keys)
      this.#streamTimesMs.set(of, Math.max(timestampMs, this.#streamTimesMs.get(of) ?? -Infinity))
    this.#close()
    const reachedMs = this.#watermarkMs(key)
    const open = this.#open.get(key)!
    const isNear = ({ startMs, endMs }: Session) => startMs < timestampMs + gapMs && timestampMs < endMs
    const isOver = timestampMs + gapMs <= reachedMs
    const isSpanned = open.some(({ startMs, endMs }) => startMs <= timestampMs && timestampMs < endMs)
    if (this.closed.get(key)!.some(isNear) || (isOver && !isSpanned)) this.late.push({ record, reachedMs })
    else {
      const records = [record, ...open.filter(isNear).flatMap((near) => near.records)]
      const times = records.map((each) => each.timestampMs)
      const joined = { records, startMs: Math.min(...times), endMs: Math.max(...times) + gapMs }
      this.#open.set(key, [...open.filter((other) => !isNear(other)), joined])
    }
  }

  heartbeat(timeMs: number): void {
    this.#heartbeatMs = Math.max(timeMs, this.#heartbeatMs)
    this.#close()
  }

  #watermarkMs(key: string): number {
    return Math.max((this.#streamTimesMs.get(key) ?? -Infinity) - this.#case.graceMs, this.#heartbeatMs)
  }

  #close(): void {
    for (const key of keys) {
      const isDue = ({ endMs }: Session) => endMs <= this.#watermarkMs(key)
      const open = this.#open.get(key)!
      this.closed.get(key)!.push(...open.filter(isDue).sort((a, b) => a.endMs - b.endMs))
      this.#open.set(
        key,
        open.filter((each) => !isDue(each)),
      )
    }
  }
}

test('1: sessions are those of the definition, and do not overlap, however far back records step, and whatever is killed', () => {
  fc.assert(
    fc.property(cases, (given) => {
      const { gapMs, graceMs, mode, steps } = given
      const run = new Run({ windows: session({ gapMs, graceMs }), graceMs, mode, sequenced: false })
      const defined = new Defined(given)
      for (const { record, beatMs, kill } of steps) {
        run.add(record)
        defined.add(record)
        if (beatMs !== undefined) {
          run.heartbeat(beatMs)
          defined.heartbeat(beatMs)
        }
        if (kill) run.kill()
      }
      run.heartbeat(END_MS)
      defined.heartbeat(END_MS)
      expect([...run.late()]).toEqual(defined.late.map(({ record: { key, id } }) => `${key} ${id}`))
      for (const { record, reachedMs } of defined.late) expect(record.timestampMs).toBeLessThan(reachedMs)
      for (const key of keys) {
        const finals = run.all('final').filter((final) => final.key === key)
        const told = finals.map(({ window, result }) => ({ ...window, ids: result.ids }))
        const expected = defined.closed.get(key)!.map(({ startMs, endMs, records }) => {
          return { startMs, endMs, ids: records.map(({ id }) => id).sort((a, b) => a - b) }
        })
        expect(told).toEqual(expected)
        for (const [index, { startMs }] of told.slice(1).entries())
          expect(startMs).toBeGreaterThanOrEqual(told[index]!.endMs)
      }
    }),
    { numRuns },
  )
})
