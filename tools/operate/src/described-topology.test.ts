import { jsonCodec, stream } from '@tidemark/streams'
import { describe, expect, test } from 'vitest'
import { describedTopology } from './described-topology.ts'
import { RefusedError } from './refused-error.ts'

const numbers = jsonCodec<number>(() => undefined)
const copyTo = (topic: string) => stream('numbers', numbers, { timestampMs: () => 0 }).to(topic, numbers)
const request = { module: 'app.ts', mermaid: false }

describe('a module is described', () => {
  test('by its only topology', () => {
    const described = describedTopology({ topology: copyTo('copies'), limit: 3 }, request)
    expect(described).toBe('source numbers\n  to copies')
  })

  test('by the export that is named, or what it makes, as Mermaid where that is asked for', () => {
    const exported = { first: copyTo('a'), second: () => copyTo('b') }
    expect(describedTopology(exported, { ...request, export: 'first' })).toBe('source numbers\n  to a')
    expect(describedTopology(exported, { ...request, export: 'second', mermaid: true })).toBe(
      'flowchart TD\n  n0["source numbers"]\n  n1["to b"]\n  n0 --> n1',
    )
  })

  test('by its describedTopology, where it has one beside others', () => {
    const exported = { first: copyTo('a'), describedTopology: () => copyTo('b') }
    expect(describedTopology(exported, request)).toBe('source numbers\n  to b')
    expect(() => describedTopology({ describedTopology: 3 }, request)).toThrow('export describedTopology is neither')
  })

  test('or not at all, and it says why', () => {
    const refusal = (exported: Record<string, unknown>, name?: string) => () =>
      describedTopology(exported, { ...request, ...(name !== undefined && { export: name }) })
    expect(refusal({})).toThrow(
      new RefusedError('app.ts exports no topology: name one of its exports with --export (it exports nothing)'),
    )
    expect(refusal({ a: copyTo('a'), b: copyTo('b') })).toThrow('app.ts exports several topologies: name one')
    expect(refusal({ a: copyTo('a') }, 'b')).toThrow('app.ts: export b is neither a topology nor a function')
    expect(refusal({ a: (options: object) => options }, 'a')).toThrow('without parameters')
  })
})
