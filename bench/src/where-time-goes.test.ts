import { expect, test } from 'vitest'
import { timePerRecord, type CpuProfile } from './where-time-goes.ts'

const frame = (functionName: string, url = '') => ({ functionName, url })
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 6] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('process', 'file:///x/libs/streams/src/task.ts'), children: [4] },
    { id: 4, callFrame: frame('decode', 'file:///x/libs/schemas/src/avro-codec.ts'), children: [5] },
    { id: 5, callFrame: frame('readDoubleLE', 'node:internal/buffer') },
    { id: 6, callFrame: frame('(garbage collector)') },
  ],
  samples: [2, 3, 4, 5, 5, 6],
  timeDeltas: [50, 1, 2, 3, 4, 5],
}

test('time belongs to the nearest caller that has a part, and waiting to none', () => {
  const perRecord = timePerRecord(profile, 10)
  expect(perRecord.get('window')).toBe(100)
  expect(perRecord.get('decode')).toBe(900)
  expect(perRecord.get('collector')).toBe(500)
  expect([...perRecord.values()].reduce((sum, ns) => sum + ns, 0)).toBe(1_500)
})
