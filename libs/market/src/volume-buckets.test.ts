import { describe, expect, test } from 'vitest'
import { VolumeBuckets } from './volume-buckets.ts'

const dayMs = 86_400_000
const trade = (quantity: number, isBuy = true, trade_time_ms = 0) => ({ quantity, isBuy, trade_time_ms })

describe('vpin', () => {
  test('is null until fifty buckets are full, then their mean imbalance', () => {
    const buckets = new VolumeBuckets(2)
    for (let bucket = 0; bucket < 49; bucket++) {
      buckets.add(trade(1))
      buckets.add(trade(1, false))
    }
    buckets.add(trade(1.5))
    expect(buckets.vpin).toBeNull()
    buckets.add(trade(0.5, false))
    expect(buckets.vpin).toBe(0.5 / 50)
  })

  test('is of the last fifty buckets only', () => {
    const buckets = new VolumeBuckets(1)
    for (let bucket = 0; bucket < 50; bucket++) buckets.add(trade(1))
    expect(buckets.vpin).toBe(1)
    buckets.add(trade(0.5))
    buckets.add(trade(0.5, false))
    expect(buckets.vpin).toBe(49 / 50)
  })

  test('splits a trade that crosses an edge, and does not drift', () => {
    const buckets = new VolumeBuckets(0.3)
    // 0.1 three times is a little more than 0.3 in plain sums: the fourth would be early.
    for (let index = 0; index < 3 * 49; index++) buckets.add(trade(0.1))
    expect(buckets.vpin).toBeNull()
    const crossed = new VolumeBuckets(4)
    crossed.add(trade(3))
    crossed.add(trade(3, false)) // 1 of it completes the bucket: 3 - 1 of 4
    for (let index = 0; index < 49; index++) crossed.add(trade(4, false))
    expect(crossed.vpin).toBe((0.5 + 49) / 50)
  })

  test('takes a trade of any number of buckets at once', () => {
    const buckets = new VolumeBuckets(1e-9)
    buckets.add(trade(1e9))
    expect(buckets.vpin).toBe(1)
    expect(buckets.snapshot()[7]).toHaveLength(50)
  })

  test('without a size, goes by a fiftieth of the volume of the last whole day', () => {
    const buckets = new VolumeBuckets()
    const sizeOf = () => buckets.snapshot()[0]
    buckets.add(trade(7, true, dayMs / 2)) // the first day began before it was seen
    buckets.add(trade(60, true, dayMs))
    buckets.add(trade(40, false, 2 * dayMs - 1))
    expect(sizeOf()).toBeNull()
    buckets.add(trade(1, true, 2 * dayMs))
    expect(sizeOf()).toBe(2)
    buckets.add(trade(1, true, 2 * dayMs))
    for (let bucket = 0; bucket < 49; bucket++) buckets.add(trade(2, bucket % 2 === 0, 2 * dayMs + 1))
    expect(buckets.vpin).toBe(1)
    // A bucket keeps the size that it began with; the next one has the new day's.
    buckets.add(trade(101, true, 3 * dayMs - 1))
    buckets.add(trade(0.5, true, 3 * dayMs))
    expect(sizeOf()).toBe(2)
    buckets.add(trade(0.5, true, 3 * dayMs))
    buckets.add(trade(1, true, 3 * dayMs))
    expect(sizeOf()).toBe(201 / 50)
  })
})
