import type { Aggregator } from './aggregator.ts'
import { combine } from './aggregators/combine.ts'
import { collect } from './aggregators/ordered.ts'
import { count, sum } from './aggregators/totals.ts'
import type { ChangedEntry } from './changed-entries.ts'
import { TextEntries } from './dormant-entries-fixture.ts'
import { EventClock } from './event-clock.ts'
import { InSequence } from './in-sequence.ts'
import type { Window, Windows } from './window.ts'
import { windowOperator } from './operator-by-kind.ts'
import type { Emit } from './window-operator.ts'

export interface Sample {
  /** Of its key, in order of time. */
  readonly id: number
  readonly key: string
  readonly timestampMs: number
  readonly amount: number
}

export interface Shape {
  readonly windows: Windows<Sample>
  readonly graceMs: number
  readonly mode: 'partition' | 'key'
  /** Behind an in-sequence operator. */
  readonly sequenced: boolean
}

export interface Folded {
  readonly ids: readonly number[]
  readonly records: number
  readonly amount: number
  /** Late records since the key's previous result. */
  readonly late: number
}

type Output =
  | { readonly kind: 'final'; readonly key: string; readonly window: Window; readonly result: Folded }
  | { readonly kind: 'update'; readonly key: string; readonly window: Window; readonly result: Folded | undefined }
  | { readonly kind: 'late' | 'duplicate'; readonly key: string; readonly id: number }
  | { readonly kind: 'missing'; readonly key: string; readonly first: number; readonly last: number }

export const keys = ['a', 'b:1', 'c']
export const END_MS = 10_000
export const sequence = ({ id }: Sample) => id
export const amountOf = ({ amount }: Sample) => amount

const folds = combine({
  kept: collect({ sequence, select: sequence, limit: 1_000 }),
  records: count(),
  amount: sum(amountOf),
})

const aggregator: Aggregator<Sample, ReturnType<typeof folds.init>, Folded> = {
  ...folds,
  result(accumulator, context) {
    const { kept, records, amount } = folds.result(accumulator, context)
    return { ids: kept.values, records, amount, late: context.lateCount }
  },
}

/** An operator with its clock, and all that came out of it; it can be killed, and comes back by its entries. */
export class Run {
  readonly outputs: Output[] = []
  readonly #shape: Shape
  readonly #emit: Emit
  readonly #logs = [new Map<string, string>(), new Map<string, string>(), new Map<string, string>()]
  #current: Sample | undefined
  #kills = 0
  #parts: ReturnType<Run['start']>

  constructor(shape: Shape, emit: Emit = 'on-close') {
    this.#shape = shape
    this.#emit = emit
    this.#parts = this.start()
  }

  start() {
    const { windows, graceMs, mode, sequenced } = this.#shape
    const clock = new EventClock(mode)
    const tell = (output: Output) => void this.outputs.push(output)
    const tellId = (kind: 'late' | 'duplicate', key: string) => tell({ kind, key, id: this.#current?.id ?? -1 })
    const ordered = new InSequence<Sample>({
      sequence,
      clock,
      graceMs,
      maxHeld: 1_000,
      maxHoles: 3,
      changelog: true,
      output: {
        pass: (key, value, at) => operator.add(key, value, at),
        advance: (key) => operator.advance(key),
        missing: (key, { first, last }) => tell({ kind: 'missing', key, first, last }),
        duplicate: (key) => tellId('duplicate', key),
        late: (key) => tellId('late', key),
      },
    })
    const operator = windowOperator(windows, {
      aggregator,
      clock: sequenced ? ordered.clock : clock,
      nowMs: () => 0,
      maxOpenWindows: 1_000,
      emit: this.#emit,
      changelog: true,
      output: {
        result: (key, result, window) => tell({ kind: 'final', key, window, result }),
        update: (key, result, window) => tell({ kind: 'update', key, window, result }),
        late: (key) => tellId('late', key),
      },
    })
    const first = sequenced ? ordered : operator
    return { clock, ordered, operator, first }
  }

  add(record: Sample, offset = 0): void {
    const { clock, first } = this.#parts
    this.#current = record
    clock.observe(record.key, record.timestampMs)
    first.add(record.key, record, { timestampMs: record.timestampMs, offset })
  }

  heartbeat(timeMs: number): void {
    for (const key of keys) {
      this.#parts.clock.heartbeat(key, timeMs)
      this.#parts.first.advance(key)
    }
  }

  flush(): void {
    this.#parts.operator.flush()
  }

  get openWindows(): number {
    return this.#parts.operator.openWindows
  }

  /** Stops here and goes on from what a changelog has, as text: every other time, where it can, without reading that before it is needed. */
  kill(): void {
    const { clock, ordered, operator } = this.#parts
    for (const [index, stateful] of [clock, ordered, operator].entries()) append(this.#logs[index]!, stateful.changes())
    this.#parts = this.start()
    const restored = [this.#parts.clock, this.#parts.ordered, this.#parts.operator]
    const isLazy = this.#kills++ % 2 === 0
    for (const [index, stateful] of restored.entries()) {
      if (isLazy && 'adopt' in stateful) {
        stateful.adopt?.(new TextEntries(this.#logs[index]!))
        continue
      }
      for (const [entryKey, text] of this.#logs[index]!) stateful.restoreEntry(entryKey, JSON.parse(text) as unknown)
    }
  }

  all(kind: 'final') {
    return this.outputs.flatMap((output) => (output.kind === kind ? output : []))
  }

  late(): Set<string> {
    return new Set(this.outputs.flatMap((output) => (output.kind === 'late' ? `${output.key} ${output.id}` : [])))
  }
}

/** Keeps entries as a changelog does, which never hears of the end of what it never had. */
export function append(log: Map<string, string>, entries: Iterable<ChangedEntry>): void {
  for (const [entryKey, data] of entries) {
    if (data !== undefined) log.set(entryKey, JSON.stringify(data))
    else if (!log.delete(entryKey)) throw new Error(`${entryKey} is gone, and was never there`)
  }
}

export function runOf(shape: Shape, records: readonly Sample[], emit: Emit = 'on-close'): Run {
  const run = new Run(shape, emit)
  for (const [offset, record] of records.entries()) run.add(record, offset)
  return run
}
