import { intKeys } from '@tidemark/streams'
import type { Keyed, Sample } from './job.ts'

export const KEYS = 40
/** Event time between two records, on average; what comes out of order does so by less than the grace of the jobs. */
const STEP_MS = 2
const DISORDER_MS = 150

/** Sequences in order, event times out of order. */
export function* samplesInOrder(random: () => number, amountOf = wholeAmount): Generator<Keyed<Sample>> {
  const sequences = new Map<number, number>()
  for (let nowMs = 0; ; nowMs += STEP_MS) {
    const key = Math.floor(random() * KEYS)
    const timestampMs = Math.max(0, nowMs - Math.floor(random() * DISORDER_MS))
    yield {
      key: Buffer.from(`key-${key}`),
      value: newSample({ sequences, key, timestampMs, amount: amountOf(random) }),
    }
  }
}

/** Of so many records one is never written, and one is written twice. */
const ODD_SHARE = 0.02

/** Sequences and event times out of order alike, with holes and repetitions. Keys are numbers. */
export function* shuffledSamples(random: () => number): Generator<Keyed<Sample>> {
  const sequences = new Map<number, number>()
  const underWay: (Keyed<Sample> & { readonly dueMs: number })[] = []
  for (let nowMs = 0; ; nowMs += STEP_MS) {
    const key = Math.floor(random() * KEYS)
    const sample = {
      key: intKeys.encode(key),
      value: newSample({ sequences, key, timestampMs: nowMs, amount: wholeAmount(random) }),
    }
    const odd = random()
    const times = odd < ODD_SHARE ? 0 : odd < 2 * ODD_SHARE ? 2 : 1
    for (let time = 0; time < times; time++) {
      underWay.push({ ...sample, dueMs: nowMs + Math.floor(random() * DISORDER_MS) })
    }
    underWay.sort((one, other) => one.dueMs - other.dueMs)
    while (underWay[0] !== undefined && underWay[0].dueMs <= nowMs) yield underWay.shift()!
  }
}

/** Whole, so that sums are exact however they are added. */
function wholeAmount(random: () => number): number {
  return Math.floor(random() * 1_000)
}

interface Origin {
  readonly sequences: Map<number, number>
  readonly key: number
  readonly timestampMs: number
  readonly amount: number
}

function newSample({ sequences, key, timestampMs, amount }: Origin): Sample {
  const sequence = sequences.get(key) ?? 0
  sequences.set(key, sequence + 1)
  return { sequence, timestampMs, amount }
}
