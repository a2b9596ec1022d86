import Table from 'cli-table3'

/** What is used of a V8 CPU profile. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

/** The parts of a record's way, in its order, with the files that are theirs. A function elsewhere belongs to what called it. */
const parts: readonly (readonly [part: string, url: RegExp])[] = [
  ['inflate', /libs\/kafka\/src\/(decompress|snappy-stream)/],
  [
    'commit',
    /libs\/kafka\/src\/(transaction|produce-run|batch-writer|coordinator|sequences|protocol\/(produce|.*txn))/,
  ],
  ['commit', /libs\/streams\/src\/(exactly-once|changelog)/],
  ['fetch', /libs\/kafka\/|kafkajs|node:net|node:internal\/stream/],
  ['decode', /libs\/schemas\/|libs\/streams\/src\/(record-batch\.|varint|key-cache|source-reader)/],
  ['window', /libs\/windowing\/|libs\/streams\/src\/aggregate-operator/],
  ['fold', /bench\/src\/jobs\//],
  ['emit', /libs\/streams\/src\/(record-collector|record-batch-builder|json-codec)/],
  // Hands batches to tasks, and records from operator to operator: what a topology without windows has too.
  ['loop', /libs\/streams\/src\/(task|operators|runtime)/],
]
const order = ['fetch', 'inflate', 'decode', 'window', 'fold', 'emit', 'commit', 'loop', 'collector', 'rest']

export interface MeasuredTime {
  readonly records: number
  /** Processor time of the whole process in a run that was not profiled: what a busy machine makes the process wait in between is not part of it. */
  readonly cpuS: number
}

/** Nanoseconds of processor time per record that each part took: the profile says in which shares. Idle time is left out. */
export function timePerRecord(profile: CpuProfile, { records, cpuS }: MeasuredTime): Map<string, number> {
  const selfUs = new Map<number, number>()
  for (const [index, id] of profile.samples.entries()) {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0))
  }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const us = new Map(order.map((part) => [part, 0]))
  const open = [{ id: profile.nodes[0]?.id ?? 0, part: 'rest' }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = nodes.get(next.id)
    if (node === undefined || node.callFrame.functionName === '(idle)') continue
    const part = partOf(node.callFrame) ?? next.part
    us.set(part, us.get(part)! + (selfUs.get(node.id) ?? 0))
    for (const id of node.children ?? []) open.push({ id, part })
  }
  const allUs = [...us.values()].reduce((sum, each) => sum + each, 0)
  return new Map([...us].map(([part, each]) => [part, ((each / allUs) * cpuS * 1e9) / records]))
}

function partOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string | undefined {
  if (functionName === '(garbage collector)') return 'collector'
  if (functionName === 'encode') return 'emit'
  return parts.find(([, pattern]) => pattern.test(url))?.[0]
}

export function timeTable(perRecord: ReadonlyMap<string, number>): string {
  const table = new Table({
    head: ['part', 'ns per record'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [] },
  })
  let sum = 0
  for (const [part, ns] of perRecord) {
    table.push([part, ns.toFixed(0)])
    sum += ns
  }
  table.push(['all', sum.toFixed(0)])
  return table.toString()
}
