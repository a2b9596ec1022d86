import { ExactSum } from '@tidemark/windowing'
import { exactParts } from './exact-parts.ts'
import type { Fill } from './taker-order.ts'

const dayMs = 86_400_000
/** Buckets that VPIN is the mean of, and buckets of a day. */
const bucketCount = 50

export type VolumeBucketsData = readonly [
  size: number | null,
  filled: readonly number[],
  signed: readonly number[],
  day: number | null,
  dayIsWhole: number,
  dayVolume: readonly number[],
  daySize: number | null,
  imbalances: readonly number[],
]

/**
 * VPIN, the volume-synchronised probability of informed trading: the mean of abs(buy - sell) / V over the last 50 buckets of volume V, in
 * the base asset; from 0 to 1, null until 50 are full.
 *
 * V is the configured size, else 1/50 of the volume of the last whole UTC day that had trades; a day is whole if the symbol was seen
 * before it began. A bucket keeps the V that it began with. Takes trades in sequence; one that crosses a bucket's edge is split there,
 * exactly: edges don't drift.
 *
 * Source: Easley, Lopez de Prado, O'Hara, "Flow Toxicity and Liquidity in a High-Frequency World" (2012). State: three exact sums and
 * 50 numbers, of a symbol for all its windows.
 */
export class VolumeBuckets {
  readonly #configured: number | undefined
  /** Volume of the bucket that is being filled; undefined: none is. */
  #size: number | undefined
  /** Volume in it. */
  #filled = new ExactSum()
  /** Buys less sells in it. */
  #signed = new ExactSum()
  #day: number | undefined
  #dayIsWhole = false
  #dayVolume = new ExactSum()
  /** V as of the last whole day. */
  #daySize: number | undefined
  /** abs(buy - sell) / V of the last full buckets, oldest first. */
  #imbalances: number[] = []
  vpin: number | null = null

  /** `configured`: V, above zero. */
  constructor(configured?: number) {
    this.#configured = configured
  }

  restore(data: VolumeBucketsData): void {
    const [size, filled, signed, day, dayIsWhole, dayVolume, daySize, imbalances] = data
    this.#size = size ?? undefined
    this.#filled = ExactSum.restore(filled)
    this.#signed = ExactSum.restore(signed)
    this.#day = day ?? undefined
    this.#dayIsWhole = dayIsWhole === 1
    this.#dayVolume = ExactSum.restore(dayVolume)
    this.#daySize = daySize ?? undefined
    this.#imbalances = [...imbalances]
    this.vpin = meanOf(this.#imbalances)
  }

  add({ trade_time_ms, quantity, isBuy }: Pick<Fill, 'trade_time_ms' | 'quantity' | 'isBuy'>): void {
    if (this.#configured === undefined) this.#addToDay(trade_time_ms, quantity)
    this.#size ??= this.#configured ?? this.#daySize
    if (this.#size === undefined) return
    const sign = isBuy ? 1 : -1
    this.#filled.add(quantity)
    this.#signed.add(sign * quantity)
    if (this.#filled.value() >= this.#size) this.#complete(this.#size, sign)
  }

  /** As JSON-safe data. */
  snapshot(): VolumeBucketsData {
    return [
      this.#size ?? null,
      exactParts(this.#filled),
      exactParts(this.#signed),
      this.#day ?? null,
      this.#dayIsWhole ? 1 : 0,
      exactParts(this.#dayVolume),
      this.#daySize ?? null,
      this.#imbalances,
    ]
  }

  #addToDay(timeMs: number, quantity: number): void {
    const day = Math.floor(timeMs / dayMs)
    if (this.#day === undefined || day > this.#day) {
      const volume = this.#dayVolume.value()
      if (this.#dayIsWhole && volume > 0) this.#daySize = volume / bucketCount
      this.#dayIsWhole = this.#day !== undefined
      this.#day = day
      this.#dayVolume = new ExactSum()
    }
    this.#dayVolume.add(quantity)
  }

  /** The bucket has reached its size; what is over goes to the next ones, and is all of one side. */
  #complete(size: number, sign: number): void {
    const over = this.#filled
    over.add(-size)
    for (const part of over.partials()) this.#signed.add(-sign * part)
    this.#push(Math.abs(this.#signed.value()) / size)
    const next = this.#configured ?? this.#daySize
    this.#size = next
    this.#signed = new ExactSum()
    if (next === undefined) return
    // Full buckets of one trade: by doubling, since a trade may be any number of times as large as a bucket.
    let whole = 0
    for (let value = over.value(); value >= next; value = over.value()) {
      let times = 1
      while (next * times * 2 <= value) times *= 2
      over.add(-next * times)
      whole += times
    }
    for (let bucket = 0; bucket < Math.min(whole, bucketCount); bucket++) this.#push(1)
    for (const part of over.partials()) this.#signed.add(sign * part)
    if (over.value() === 0) this.#size = undefined // the next bucket begins with the next trade
    this.vpin = meanOf(this.#imbalances)
  }

  #push(imbalance: number): void {
    this.#imbalances.push(imbalance)
    if (this.#imbalances.length > bucketCount) this.#imbalances.shift()
  }
}

function meanOf(imbalances: readonly number[]): number | null {
  if (imbalances.length < bucketCount) return null
  let sum = 0
  for (const imbalance of imbalances) sum += imbalance
  return sum / bucketCount
}
