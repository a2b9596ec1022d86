import { tumbling } from '@tidemark/windowing'
import { describe, expect, test } from 'vitest'
import { jsonCodec } from './json-codec.ts'
import { stream } from './stream.ts'
import { topology } from './topology.ts'

const numbers = jsonCodec<number>(() => undefined)
const source = stream('numbers', numbers, { timestampMs: (value) => value })
const described = topology(
  source.filter((value) => value > 0).to('positive', numbers),
  source
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000, graceMs: 2_000 }))
    .aggregate({ init: () => 0, add: (sum: number, value) => sum + value, result: (sum) => sum }, { emit: 'on-close' })
    .to('sums', numbers, { late: 'late-numbers' }),
)

describe('a topology describes itself', () => {
  test('as text, from its sources down', () => {
    expect(described.describe()).toBe(
      [
        'source numbers',
        '  filter',
        '    to positive',
        '  aggregate tumbling-1m-grace-2s on-close (late to late-numbers)',
        '    to sums',
      ].join('\n'),
    )
  })

  test('as a Mermaid flowchart', () => {
    expect(described.describe('mermaid')).toBe(
      [
        'flowchart TD',
        '  n0["source numbers"]',
        '  n1["filter"]',
        '  n2["to positive"]',
        '  n1 --> n2',
        '  n0 --> n1',
        '  n3["aggregate tumbling-1m-grace-2s on-close (late to late-numbers)"]',
        '  n4["to sums"]',
        '  n3 --> n4',
        '  n0 --> n3',
      ].join('\n'),
    )
  })

  test('with the outlets of a step, and what is behind a step that has several parents once', () => {
    const { large, rest } = source.branch({ large: (value) => value > 9 })
    const inOrder = large
      .merge(rest.map((value) => value))
      .groupByKey()
      .inSequence({ sequence: (value) => value, graceMs: 0, maxHeld: 1 })
    const sequenced = topology(
      inOrder
        .groupByKey()
        .process<number, number>({ name: 'sums', init: () => 0, onRecord: () => undefined })
        .to('sums', numbers, { heartbeats: true }),
      inOrder.late.to('late', numbers),
    )
    expect(sequenced.describe()).toBe(
      [
        'source numbers',
        '  branch',
        '    large: merge [1]',
        '      in-sequence',
        '        process sums',
        '          to sums with heartbeats',
        '        late: to late',
        '    rest: map',
        '      merge [1, above]',
      ].join('\n'),
    )
    expect(sequenced.describe('mermaid').split('\n')).toEqual([
      'flowchart TD',
      '  n0["source numbers"]',
      '  n1["branch"]',
      '  n2["merge"]',
      '  n3["in-sequence"]',
      '  n4["process sums"]',
      '  n5["to sums with heartbeats"]',
      '  n4 --> n5',
      '  n3 --> n4',
      '  n6["to late"]',
      '  n3 -->|late| n6',
      '  n2 --> n3',
      '  n1 -->|large| n2',
      '  n7["map"]',
      '  n7 --> n2',
      '  n1 -->|rest| n7',
      '  n0 --> n1',
    ])
  })
})
