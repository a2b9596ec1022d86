import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventClock } from './event-clock.ts'
import {
  amountOf,
  append,
  END_MS,
  keys,
  Run,
  runOf,
  sequence,
  type Folded,
  type Sample,
  type Shape,
} from './laws-fixture.ts'
import {
  countWindows,
  hopping,
  session,
  sliding,
  tumbling,
  volumeWindows,
  windowsFor,
  type Window,
  type Windows,
} from './window.ts'
import type { Emit } from './window-operator.ts'

// SPEC.md names these tests. `npm run nightly` raises the runs; a failing seed is printed and replays with `seed`.
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)

const kinds = ['tumbling', 'hopping', 'sliding', 'session', 'count', 'volume'] as const
type Kind = (typeof kinds)[number]
const timed: readonly Kind[] = ['tumbling', 'hopping', 'sliding', 'session']

function windowsOf(kind: Kind, { size, part, graceMs }: { size: number; part: number; graceMs: number }) {
  switch (kind) {
    case 'tumbling':
      return tumbling({ sizeMs: size, graceMs })
    case 'hopping':
      return hopping({ sizeMs: size, advanceMs: Math.min(part, size), graceMs })
    case 'sliding':
      return sliding({ timeDifferenceMs: size, graceMs })
    case 'session':
      return session({ gapMs: size, graceMs })
    case 'count':
      return countWindows({ size: part, sequence })
    case 'volume':
      return volumeWindows({ size, sequence, amountOf, split: (value, amount) => ({ ...value, amount }) })
  }
}

const shapeOf = (kind: Kind, sequenced = fc.boolean()) =>
  fc
    .record({
      size: fc.integer({ min: 1, max: 50 }),
      part: fc.integer({ min: 1, max: 15 }),
      graceMs: fc.nat(40),
      mode: fc.constantFrom('partition' as const, 'key' as const),
      sequenced,
    })
    .map(({ mode, sequenced, ...sizes }): Shape => {
      return { windows: windowsOf(kind, sizes), graceMs: sizes.graceMs, mode, sequenced }
    })

/** In order of time; some ids of a key may be missing. */
const ordered = fc
  .array(
    fc.record({
      key: fc.constantFrom(...keys),
      timestampMs: fc.nat(300),
      amount: fc.oneof(fc.double({ min: 0, max: 150, noNaN: true }), fc.integer({ min: 0, max: 20 })),
      skipped: fc.constantFrom(0, 0, 0, 1, 3),
    }),
    { maxLength: 50 },
  )
  .map((records) => {
    const next = new Map<string, number>()
    return records
      .sort((a, b) => a.timestampMs - b.timestampMs)
      .map(({ key, timestampMs, amount, skipped }): Sample => {
        const id = (next.get(key) ?? 0) + 1 + skipped
        next.set(key, id)
        return { id, key, timestampMs, amount }
      })
  })

/** In any order, however late. */
const anyOrder = ordered.chain((records) => fc.shuffledSubarray(records, { minLength: records.length }))

/** Records in order, and as they may arrive within grace: delays up to it can't put one below the watermark of its clock. */
const withinGrace = (shape: fc.Arbitrary<Shape>) =>
  fc.tuple(shape, ordered).chain(([options, records]) => {
    const { length } = records
    const delays = fc.array(fc.nat(options.graceMs), { minLength: length, maxLength: length })
    return fc.tuple(fc.constant(options), fc.constant(records), delays).map(([, , delaysMs]) => {
      const arrival = records
        .map((record, index) => ({ record, atMs: record.timestampMs + delaysMs[index]! }))
        .sort((a, b) => a.atMs - b.atMs)
        .map(({ record }) => record)
      return { shape: options, records, arrival }
    })
  })

const sorted = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).sort()
const nameOf = ({ key, window }: { key: string; window: Window }) => JSON.stringify([key, window])

/** What the definition of each kind says, straight from all records of a key: bounds and ids. */
function defined(
  windows: Windows<Sample>,
  records: readonly Sample[],
): [startMs: number, endMs: number, ids: number[]][] {
  const within = (startMs: number, endMs: number) =>
    records.filter(({ timestampMs }) => startMs <= timestampMs && timestampMs < endMs).map(sequence)
  switch (windows.kind) {
    case 'tumbling':
    case 'hopping': {
      const named = records.flatMap(({ timestampMs }) => windowsFor(windows, timestampMs))
      const starts = [...new Set(named.map(({ startMs }) => startMs))]
      return starts.map((startMs) => [startMs, startMs + windows.sizeMs, within(startMs, startMs + windows.sizeMs)])
    }
    case 'sliding': {
      const d = windows.timeDifferenceMs
      const starts = new Set(records.flatMap(({ timestampMs: t }) => [t - d, t + 1]))
      const all = [...starts].map((start): [number, number, number[]] => [
        start,
        start + d + 1,
        within(start, start + d + 1),
      ])
      return all.filter(([, , ids]) => ids.length > 0)
    }
    case 'session': {
      const found: [number, number, number[]][] = []
      for (const { timestampMs, id } of records) {
        const open = found.at(-1)
        if (open === undefined || timestampMs >= open[1]) found.push([timestampMs, timestampMs + windows.gapMs, [id]])
        else {
          open[1] = timestampMs + windows.gapMs
          open[2].push(id)
        }
      }
      return found
    }
    default:
      return []
  }
}

describe.each(timed)('%s windows', (kind) => {
  test('1: a record is in every window that the definition names, and in no other', () => {
    fc.assert(
      fc.property(withinGrace(shapeOf(kind)), ({ shape, records, arrival }) => {
        const run = runOf(shape, arrival)
        run.heartbeat(END_MS)
        for (const key of keys) {
          const ofKey = records.filter((record) => record.key === key)
          const finals = run.all('final').filter((final) => final.key === key)
          const found = finals.map(({ window, result }) => [window.startMs, window.endMs, result.ids])
          expect(sorted(found)).toEqual(sorted(defined(shape.windows, ofKey)))
        }
      }),
      { numRuns },
    )
  })

  test('6: a heartbeat closes the windows of a silent stream, and nothing else does', () => {
    fc.assert(
      fc.property(shapeOf(kind), anyOrder, fc.nat(400), (shape, records, timeMs) => {
        const run = runOf(shape, records)
        run.heartbeat(timeMs)
        const reachedMs = (key: string) => {
          const times = records.filter((record) => shape.mode === 'partition' || record.key === key)
          return Math.max(timeMs, ...times.map(({ timestampMs }) => timestampMs - shape.graceMs))
        }
        const closed = run.all('final')
        for (const { key, window } of closed) expect(window.endMs).toBeLessThanOrEqual(reachedMs(key))
        run.heartbeat(END_MS)
        expect(run.openWindows).toBe(0)
        // What was still open then ends later: behind an in-sequence operator, than what the heartbeat has promised.
        const left = run.all('final').slice(closed.length)
        for (const { key, window } of left)
          expect(window.endMs).toBeGreaterThan(shape.sequenced ? timeMs : reachedMs(key))
      }),
      { numRuns },
    )
  })
})

test.each(['tumbling', 'hopping'] as const)('1: a late record is in all of its %s windows that are open', (kind) => {
  fc.assert(
    fc.property(shapeOf(kind, fc.constant(false)), anyOrder, (shape, records) => {
      const { windows } = shape
      if (windows.kind !== 'tumbling' && windows.kind !== 'hopping') return
      const run = runOf(shape, records)
      run.heartbeat(END_MS)
      const streamTimeMs = new Map<string, number>()
      const late: string[] = []
      for (const { key, id, timestampMs } of records) {
        const clockKey = shape.mode === 'key' ? key : ''
        const timeMs = Math.max(timestampMs, streamTimeMs.get(clockKey) ?? -Infinity)
        streamTimeMs.set(clockKey, timeMs)
        const all = windowsFor(windows, timestampMs)
        const open = all.filter(({ endMs }) => endMs > timeMs - shape.graceMs)
        if (open.length < all.length) late.push(`${key} ${id}`)
        const holders = run.all('final').filter((final) => final.key === key && final.result.ids.includes(id))
        expect(sorted(holders.map(({ window }) => window))).toEqual(sorted(open))
      }
      expect([...run.late()]).toEqual(late)
    }),
    { numRuns },
  )
})

describe.each(kinds)('%s windows', (kind) => {
  test('2: a window emits its final result once, and never again', () => {
    fc.assert(
      fc.property(shapeOf(kind), anyOrder, fc.constantFrom<Emit>('on-close', 'on-update'), (shape, records, emit) => {
        const run = new Run(shape, emit)
        for (const record of records) {
          run.add(record)
          if (record.id % 3 === 0) run.flush()
        }
        run.heartbeat(END_MS)
        const finals = run.all('final')
        expect(new Set(finals.map(nameOf)).size).toBe(finals.length)
        for (const key of keys) {
          const ends = finals.filter((final) => final.key === key).map(({ window }) => window.endMs)
          if (timed.includes(kind)) expect(ends).toEqual([...ends].sort((a, b) => a - b))
        }
        const closed = new Set<string>()
        for (const output of run.outputs) {
          if (output.kind === 'final') closed.add(nameOf(output))
          else if (output.kind === 'update') expect(closed.has(nameOf(output))).toBe(false)
        }
      }),
      { numRuns },
    )
  })

  test('3: any order of arrival within grace gives bit-identical finals', () => {
    // Count and volume depend on the order, so they need the in-sequence operator; the others do with and without it.
    const shape = shapeOf(kind, timed.includes(kind) ? fc.boolean() : fc.constant(true))
    fc.assert(
      fc.property(withinGrace(shape), ({ shape, records, arrival }) => {
        const [inOrder, asArrived] = [records, arrival].map((arriving) => {
          const run = runOf(shape, arriving)
          run.heartbeat(END_MS)
          return run
        })
        expect(inOrder!.late().size).toBe(0)
        expect(sorted(asArrived!.outputs)).toEqual(sorted(inOrder!.outputs))
        expect(asArrived!.openWindows).toBe(inOrder!.openWindows)
      }),
      { numRuns },
    )
  })

  test('4: every record ends in a result, in an open window or in the late output, once', () => {
    fc.assert(
      fc.property(shapeOf(kind), anyOrder, (shape, records) => {
        const run = runOf(shape, records, 'on-update')
        run.heartbeat(400)
        run.flush()
        const told = run.outputs.flatMap((output) =>
          (output.kind === 'final' || output.kind === 'update') && output.result !== undefined ? output : [],
        )
        const held = new Set(told.flatMap(({ key, result }) => result?.ids.map((id) => `${key} ${id}`) ?? []))
        const all = records.map(({ key, id }) => `${key} ${id}`)
        const late = run.outputs.filter((output) => output.kind === 'late')
        expect(run.late().size).toBe(late.length)
        expect([...new Set([...held, ...run.late()])].sort()).toEqual([...all].sort())
        // Where windows don't overlap, the counts add up.
        if (kind === 'hopping' || kind === 'sliding') return
        const counted = told.reduce((total, { result }) => total + (result?.records ?? 0), 0)
        expect(counted + late.length).toBe(records.length)
      }),
      { numRuns },
    )
  })

  test('5: a kill at any moment changes nothing that comes out', () => {
    const step = fc.record({ kill: fc.boolean(), beatMs: fc.option(fc.nat(300), { freq: 4 }) })
    const steps = fc.array(step, { maxLength: 50 })
    const emit = fc.constantFrom<Emit>('on-close', 'on-update')
    fc.assert(
      fc.property(shapeOf(kind), anyOrder, fc.tuple(steps, emit), (shape, records, [kills, emitted]) => {
        const [straight, killed] = [false, true].map((killing) => {
          const run = new Run(shape, emitted)
          for (const [index, record] of records.entries()) {
            run.add(record)
            const { kill = false, beatMs = null } = kills[index] ?? {}
            if (beatMs !== null) run.heartbeat(beatMs)
            if (kill) run.flush()
            if (kill && killing) run.kill()
          }
          run.heartbeat(END_MS)
          return run
        })
        expect(killed!.outputs).toEqual(straight!.outputs)
        expect(killed!.openWindows).toBe(straight!.openWindows)
      }),
      { numRuns },
    )
  })

  test('on-update tells each changed window once a flush, and what was told stands for what is open', () => {
    fc.assert(
      fc.property(shapeOf(kind), anyOrder, fc.nat(7), (shape, records, every) => {
        const run = new Run(shape, 'on-update')
        const standing = new Map<string, Folded>()
        const follow = () => {
          const names = new Set<string>()
          for (const output of run.outputs.splice(0)) {
            if (output.kind !== 'final' && output.kind !== 'update') continue
            const name = nameOf(output)
            if (output.kind === 'update' && output.result !== undefined) {
              expect(names.has(name)).toBe(false)
              names.add(name)
              standing.set(name, output.result)
            } else standing.delete(name)
          }
        }
        for (const [index, record] of records.entries()) {
          run.add(record)
          if (index % (every + 1) !== 0) continue
          run.flush()
          follow()
          expect(standing.size).toBe(run.openWindows)
        }
        run.flush()
        run.heartbeat(END_MS)
        run.flush()
        follow()
        expect(standing.size).toBe(run.openWindows)
        if (timed.includes(kind)) expect(run.openWindows).toBe(0)
      }),
      { numRuns },
    )
  })
})

test('2: the watermark never goes back, and a clock restored from a snapshot or from its changes says the same times', () => {
  const moves = fc.array(fc.record({ key: fc.constantFrom('a', 'b'), timeMs: fc.nat(100), heartbeat: fc.boolean() }))
  fc.assert(
    fc.property(fc.constantFrom('partition' as const, 'key' as const), moves, (mode, steps) => {
      const clock = new EventClock(mode)
      const log = new Map<string, string>()
      for (const [index, { key, timeMs, heartbeat }] of steps.entries()) {
        const before = { ...clock.timeOf(key) }
        if (heartbeat) clock.heartbeat(key, timeMs)
        else clock.observe(key, timeMs)
        expect(clock.timeOf(key).streamTimeMs).toBeGreaterThanOrEqual(before.streamTimeMs)
        expect(clock.timeOf(key).heartbeatMs).toBeGreaterThanOrEqual(before.heartbeatMs)
        if (index % 3 === 0) append(log, clock.changes())
      }
      append(log, clock.changes())
      const bySnapshot = new EventClock(mode)
      bySnapshot.restore(clock.snapshot())
      const byEntries = new EventClock(mode)
      for (const [entryKey, text] of log) byEntries.restoreEntry(entryKey, JSON.parse(text))
      for (const key of ['a', 'b']) {
        expect(bySnapshot.timeOf(key)).toEqual(clock.timeOf(key))
        expect(byEntries.timeOf(key)).toEqual(clock.timeOf(key))
      }
    }),
    { numRuns },
  )
})
