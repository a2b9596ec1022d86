import { describe, expect, it } from 'vitest'
import { temporaryFile } from '../recording-fixture.ts'
import { openFaultScript, parseFaultScript } from './fault-file.ts'
import { FAULT_KINDS, randomFaultScript } from './random-faults.ts'

describe('a fault script', () => {
  it('is YAML or JSON, and what is left out has a default', async () => {
    const yaml =
      'seed: 7\nfaults:\n  - { atMs: 5000, do: cut }\n  - { atMs: 0, do: lose, count: 3, connections: one }\n'
    await using file = await temporaryFile(yaml)
    const script = await openFaultScript(file.file)
    expect(script).toEqual({
      seed: 7,
      time: 'market',
      faults: [
        { atMs: 5000, do: 'cut', connections: 'all' },
        { atMs: 0, do: 'lose', count: 3, connections: 'one' },
      ],
    })
    expect(parseFaultScript(JSON.stringify(script), 'f')).toEqual(script)
  })

  it.each([
    ['faults: [', 'faults f: neither YAML nor JSON:'],
    ['', 'faults f: Invalid input: expected object'],
    ['faults: [{ do: cut }]', 'faults f: faults[0].atMs: Invalid input: expected number'],
    ['faults: [{ atMs: 1, do: explode }]', 'faults f: faults[0].do: '],
    ['faults: [{ atMs: 1, do: stall, forMs: -1 }]', 'faults f: faults[0].forMs: Too small'],
    ['faults: [{ atMs: 1, do: cut, count: 1 }]', 'faults f: faults[0]: Unrecognized key: "count"'],
    ['faults: []\nsed: 1', 'faults f: Unrecognized key: "sed"'],
    [
      'faults: [{ do: cut }, { do: cut }]',
      'faults[0].atMs: Invalid input: expected number, received undefined; faults[1]',
    ],
  ])('%s is refused with the place and the cause', (text, issue) => {
    expect(() => parseFaultScript(text, 'f')).toThrow(issue)
  })

  it('names a file that is not there', async () => {
    await expect(openFaultScript('none.yaml')).rejects.toThrow('faults none.yaml: ENOENT')
  })
})

describe('a random fault script', () => {
  it('is the same for the same seed, and another for another', async () => {
    const script = await openFaultScript('random:3:60')
    expect(script).toEqual(randomFaultScript({ seed: 3, durationMs: 60_000 }))
    expect(script.faults).not.toEqual(randomFaultScript({ seed: 4, durationMs: 60_000 }).faults)
  })

  it('is one that a file could hold, of all kinds, and calm at its end', () => {
    const script = randomFaultScript({ seed: 1, durationMs: 600_000, meanIntervalMs: 1000 })
    expect(parseFaultScript(JSON.stringify(script), 'f')).toEqual(script)
    expect(new Set(script.faults.map((fault) => fault.do))).toEqual(new Set(FAULT_KINDS))
    expect(script.faults.length).toBeGreaterThan(400)
    expect(Math.max(...script.faults.map(({ atMs }) => atMs))).toBeLessThan(540_000)
  })

  it('keeps to the kinds asked for', () => {
    const { faults } = randomFaultScript({ seed: 1, durationMs: 60_000, kinds: ['cut', 'stall'] })
    expect(new Set(faults.map((fault) => fault.do))).toEqual(new Set(['cut', 'stall']))
  })
})
