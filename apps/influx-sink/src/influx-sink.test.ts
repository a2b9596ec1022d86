import { StreamsError, type StreamRecord } from '@tidemark/streams'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LineWriter } from './influx-lines.ts'
import { influxSink } from './influx-sink.ts'
import type { RefusedRecord, RefusedRecords } from './refused-records.ts'
import type { WriteFailure } from './write-outcome.ts'

/** An InfluxDB that keeps good lines, as the real one does: a request with a bad line may have written some, or none. */
class FakeInflux implements LineWriter {
  readonly points = new Set<string>()
  requests = 0
  readonly #judge: (lines: readonly string[]) => WriteFailure | undefined

  constructor(judge: (lines: readonly string[]) => WriteFailure | undefined) {
    this.#judge = judge
  }

  async write(lines: readonly string[]) {
    this.requests++
    const failure = this.#judge(lines)
    if (failure !== undefined) return { ok: false as const, failure }
    for (const line of lines) this.points.add(line)
    return { ok: true as const }
  }

  close(): void {}
}

class FakeRefusals implements RefusedRecords<string> {
  readonly records: RefusedRecord<string>[] = []
  async write(refused: readonly RefusedRecord<string>[]) {
    this.records.push(...refused)
  }
  async close() {}
}

const isBad = (line: string): boolean => line.startsWith('bad')
const refuseBad = (lines: readonly string[]): WriteFailure | undefined =>
  lines.some(isBad) ? { kind: 'refused', message: 'unable to parse' } : undefined

function sinkOn(writer: LineWriter, maxLines = 100) {
  const refused = new FakeRefusals()
  const counts = { written: 0, refused: 0 }
  const sink = influxSink<string>({
    toLine: (value) => (value === 'no point' ? { ok: false, issue: 'field vwap is NaN' } : { ok: true, line: value }),
    writer,
    refused,
    maxLines,
    counted: ({ written, refused: notTaken }) => {
      counts.written += written
      counts.refused += notTaken
    },
  })
  return { sink, refused, counts }
}

const recordsOf = (values: readonly string[]): StreamRecord<string>[] =>
  values.map((value, index) => ({ key: `key${index}`, value, timestampMs: 60_000 * index }))

it('writes every good record and sets every bad one aside, whichever they are and however they are cut', async () => {
  const batch = fc.array(fc.boolean(), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(batch, fc.integer({ min: 1, max: 70 }), async (good, maxLines) => {
      const values = good.map((isGood, index) => (isGood ? `good${index}` : `bad${index}`))
      const influx = new FakeInflux(refuseBad)
      const { sink, refused, counts } = sinkOn(influx, maxLines)
      await sink.write(recordsOf(values), [])
      expect([...influx.points].sort()).toEqual(values.filter((value) => !isBad(value)).sort())
      expect(refused.records.map(({ value }) => value)).toEqual(values.filter(isBad))
      expect(counts).toEqual({ written: influx.points.size, refused: refused.records.length })
    }),
  )
})

it('finds one bad line among many in few requests', async () => {
  const influx = new FakeInflux(refuseBad)
  await sinkOn(influx, 5000).sink.write(
    recordsOf(Array.from({ length: 5000 }, (_, index) => (index === 4321 ? 'bad' : `good${index}`))),
    [],
  )
  expect(influx.points.size).toBe(4999)
  expect(influx.requests).toBeLessThan(30)
})

it('does not ask again where the server says that every line is bad', async () => {
  const influx = new FakeInflux((lines) => ({
    kind: 'refused',
    message: 'outside retention policy',
    droppedLines: lines.length,
  }))
  const { sink, refused } = sinkOn(influx)
  await sink.write(recordsOf(['a', 'b', 'c']), [])
  expect([influx.requests, refused.records.length]).toEqual([1, 3])
})

it('halves what is too large, and sets aside one line that is too large alone', async () => {
  const influx = new FakeInflux((lines) =>
    lines.join('\n').length > 10 ? { kind: 'too-large', message: '413' } : undefined,
  )
  const { sink, refused } = sinkOn(influx)
  await sink.write(recordsOf(['aaaa', 'bbbb', 'cccc', 'much too large']), [])
  expect([...influx.points]).toEqual(['aaaa', 'bbbb', 'cccc'])
  expect(refused.records).toEqual([expect.objectContaining({ value: 'much too large', code: 'refused-by-influxdb' })])
})

it('sets aside a record that is no point, with its key, time and reason, and asks nobody', async () => {
  const influx = new FakeInflux(() => undefined)
  const { sink, refused } = sinkOn(influx)
  await sink.write(recordsOf(['no point']), [])
  expect([influx.requests, influx.points.size]).toEqual([0, 0])
  expect(refused.records).toEqual([
    {
      key: 'key0',
      value: 'no point',
      code: 'not-a-point',
      message: 'record of key0 at 1970-01-01T00:00:00.000Z: field vwap is NaN',
    },
  ])
})

describe('a failure that is nobody’s data', () => {
  it('rejects, so that no offset is committed, and sets nothing aside', async () => {
    const { sink, refused } = sinkOn(
      new FakeInflux(() => ({ kind: 'unexpected', message: '405 no answer of InfluxDB 2' })),
    )
    await expect(sink.write(recordsOf(['a']), [])).rejects.toThrow(StreamsError)
    await expect(sink.write(recordsOf(['a']), [])).rejects.toThrow('sink influxdb: 405 no answer of InfluxDB 2')
    expect(refused.records).toEqual([])
  })

  it('such as a dead letter topic that takes nothing, rejects too', async () => {
    const { sink, refused } = sinkOn(new FakeInflux(refuseBad))
    refused.write = () => Promise.reject(new Error('no broker'))
    await expect(sink.write(recordsOf(['bad']), [])).rejects.toThrow('no broker')
  })
})
