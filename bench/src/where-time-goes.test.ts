import { expect, test } from 'vitest'
import { timePerRecord, type CpuProfile } from './where-time-goes.ts'

const frame = (functionName: string, url = '') => ({ functionName, url })
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 6] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('process', 'file:///x/libs/streams/src/task.ts'), children: [4, 7] },
    { id: 4, callFrame: frame('decode', 'file:///x/libs/schemas/src/avro-codec.ts'), children: [5] },
    { id: 5, callFrame: frame('readDoubleLE', 'node:internal/buffer') },
    { id: 6, callFrame: frame('(garbage collector)') },
    { id: 7, callFrame: frame('add', 'file:///x/libs/streams/src/aggregate-operator.ts') },
  ],
  samples: [2, 3, 4, 5, 5, 6, 7],
  timeDeltas: [50, 1, 2, 3, 4, 5, 6],
}

test('a job without windows spends nothing on them', () => {
  const nodes = profile.nodes.filter(({ id }) => id !== 7)
  const samples = profile.samples.filter((id) => id !== 7)
  const perRecord = timePerRecord({ ...profile, nodes, samples }, { records: 10, cpuS: 30e-6 })
  expect(perRecord.get('window')).toBe(0)
})

test('processor time is shared out to the nearest callers that have a part; waiting has none', () => {
  // 21 microseconds of samples that are not idle, for 42 microseconds of processor time.
  const perRecord = timePerRecord(profile, { records: 10, cpuS: 42e-6 })
  expect(perRecord.get('window')).toBeCloseTo(1_200)
  expect(perRecord.get('loop')).toBeCloseTo(200)
  expect(perRecord.get('decode')).toBeCloseTo(1_800)
  expect(perRecord.get('collector')).toBeCloseTo(1_000)
  expect([...perRecord.values()].reduce((sum, ns) => sum + ns, 0)).toBeCloseTo(4_200)
})
