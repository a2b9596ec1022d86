import { expect, test } from 'vitest'
import { FakeCluster } from './cluster-fake.ts'
import { resetTable, type ResetRequest, type ResetStep } from './reset-plan.ts'
import { executeReset, resetSteps } from './reset.ts'

const applicationId = 'totals'

function clusterWithApplication() {
  const cluster = new FakeCluster()
  cluster.addTopic('orders', [3, 10], [0, 20])
  cluster.addTopic('prices', [0, 5])
  cluster.addTopic('order-totals', [1, 8], [0, 4])
  cluster.addTopic('returns', [2, 9], [0, 4])
  cluster.addTopic('totals-sums-changelog', [0, 2], [0, 2])
  cluster.commit(applicationId, 'orders', 10, 19)
  cluster.commit(applicationId, 'prices', 5)
  const changes: string[] = []
  cluster.onChange = (change) => changes.push(change)
  const plan = (request: Partial<ResetRequest> = {}) => resetSteps(cluster, applicationId, { outputs: [], ...request })
  const execute = async (steps: readonly ResetStep[]) => {
    const done: ResetStep[] = []
    await executeReset(cluster, { applicationId, steps, onDone: (step) => done.push(step) })
    return done
  }
  return { cluster, changes, plan, execute }
}

test('a plan changes nothing, and names every offset, changelog and output', async () => {
  const { changes, plan } = clusterWithApplication()
  const steps = await plan({ outputs: ['order-totals'] })
  expect(changes).toEqual([])
  const table = resetTable(steps)
  expect(table).toMatch(/delete offsets +│ orders +│ 0: 10, 1: 19/)
  expect(table).toMatch(/delete offsets +│ prices +│ 0: 5/)
  expect(table).toMatch(/delete changelog +│ totals-sums-changelog/)
  expect(table).toMatch(/empty output +│ order-totals +│ up to 11 records/)
})

test('done, the application has no offsets, no changelogs and empty outputs; a second plan has nothing but the outputs', async () => {
  const { cluster, changes, plan, execute } = clusterWithApplication()
  const steps = await plan({ outputs: ['order-totals'] })
  expect(await execute(steps)).toEqual(steps)
  // Marked first: a broker refuses that while a member lives, and nothing has been destroyed by then.
  const marked = 'set offsets of totals'
  expect(changes).toEqual([marked, 'delete totals-sums-changelog', 'delete group totals', 'empty order-totals'])
  expect(cluster.offsets.has(applicationId)).toBe(false)
  expect(await plan()).toEqual([])
})

test('with input topics only these are read again, from their first record, without the state kept beside the offsets', async () => {
  const { cluster, plan, execute } = clusterWithApplication()
  const steps = await plan({ inputTopics: ['orders'] })
  expect(resetTable(steps)).toMatch(/read again from +│ orders +│ 0: 3, 1: 0/)
  await execute(steps)
  expect(cluster.offsets.get(applicationId)).toEqual([
    { topic: 'prices', partition: 0, offset: 5, metadata: 'state' },
    { topic: 'orders', partition: 0, offset: 3, metadata: '' },
    { topic: 'orders', partition: 1, offset: 0, metadata: '' },
  ])
})

test('a group with live members is refused, and they are named', async () => {
  const { cluster, changes, plan } = clusterWithApplication()
  const member = (index: number) => ({ memberId: `m${index}`, clientId: `totals-${index}`, host: `/10.0.0.${index}` })
  cluster.members.set(applicationId, [member(1), member(2)])
  await expect(plan()).rejects.toThrow('group totals has live members (totals-1 at 10.0.0.1, totals-2 at 10.0.0.2)')
  cluster.members.set(applicationId, [1, 2, 3, 4, 5, 6, 7].map(member))
  await expect(plan()).rejects.toThrow('10.0.0.5 and 2 more')
  cluster.operations.describeGroup = async (groupId) => ({ groupId, state: 'PreparingRebalance', members: [] })
  await expect(plan()).rejects.toThrow('its state is PreparingRebalance')
  expect(changes).toEqual([])
})

test.each<[string, Partial<ResetRequest>, number]>([
  ['all offsets', { outputs: ['order-totals'] }, 4],
  ['of one input topic', { inputTopics: ['orders'] }, 3],
  ['of one input topic that has none', { inputTopics: ['returns'] }, 3],
])(
  'a failure ends it there, with offsets that no instance goes on from; done again, it ends as without one: %s',
  async (_, request, changesInAll) => {
    const undisturbed = clusterWithApplication()
    await undisturbed.execute(await undisturbed.plan(request))
    for (let failing = 0; failing < changesInAll; failing++) {
      const { cluster, plan, execute } = clusterWithApplication()
      let change = 0
      cluster.onChange = () => {
        if (change++ === failing) throw new Error('no broker')
      }
      await expect(execute(await plan(request))).rejects.toThrow('no broker')
      const marks = (cluster.offsets.get(applicationId) ?? []).filter(({ metadata }) => metadata.includes('"reset"'))
      const isWhole = cluster.topics.has('totals-sums-changelog') && failing === 0
      const isMade = !cluster.topics.has('totals-sums-changelog') && !cluster.offsets.has(applicationId)
      expect(marks.length > 0 || isWhole || isMade).toBe(true)
      await execute(await plan(request))
      expect([cluster.offsets, cluster.topics]).toEqual([undisturbed.cluster.offsets, undisturbed.cluster.topics])
    }
  },
)

test('of an input topic all partitions are marked, those without an offset at their first record', async () => {
  const { cluster, plan } = clusterWithApplication()
  cluster.commit(applicationId, 'returns', 7)
  const [marked] = await plan({ inputTopics: ['returns'] })
  const metadata = expect.stringContaining('"reset"') as string
  const offsets = [7, 0].map((offset, partition) => ({ topic: 'returns', partition, offset, metadata }))
  expect(marked).toEqual({ kind: 'mark-offsets', offsets })
})

test('where the offsets are gone, the topics are marked whose clocks are among the state, and nothing is left of it', async () => {
  const { cluster, changes, plan, execute } = clusterWithApplication()
  cluster.offsets.delete(applicationId)
  cluster.addTopic('totals-clock-returns-changelog', [0, 1])
  const steps = await plan()
  const marked = steps.flatMap((step) => (step.kind === 'mark-offsets' ? step.offsets : []))
  expect(marked.map(({ topic, partition, offset }) => [topic, partition, offset])).toEqual([
    ['returns', 0, 2],
    ['returns', 1, 0],
  ])
  await execute(steps)
  const deleted = ['delete totals-clock-returns-changelog', 'delete totals-sums-changelog']
  expect(changes).toEqual(['set offsets of totals', ...deleted, 'delete group totals'])
  expect([cluster.offsets.has(applicationId), await plan()]).toEqual([false, []])
})

test('offsets of a topic that is gone are not marked: no broker takes them', async () => {
  const { cluster, plan } = clusterWithApplication()
  cluster.topics.delete('prices')
  const marked = (await plan()).flatMap((step) => (step.kind === 'mark-offsets' ? step.offsets : []))
  expect([...new Set(marked.map(({ topic }) => topic))]).toEqual(['orders'])
})

test('a changelog that the application has committed with is its own, whatever other group begins the same', async () => {
  const { cluster, changes, plan, execute } = clusterWithApplication()
  for (const state of ['clock-orders', 'windows-sums']) cluster.addTopic(`totals-${state}-changelog`, [0, 1])
  for (const foreign of ['totals-clock', 'totals-windows']) {
    cluster.commit(foreign, 'orders', 1)
    cluster.addTopic(`${foreign}-hours-changelog`, [0, 1])
  }
  const metadata = JSON.stringify({ changelogs: ['windows-sums'] })
  cluster.offsets.set(applicationId, [{ topic: 'orders', partition: 0, offset: 1, metadata }])
  const deleted = async () => (await plan()).flatMap((step) => (step.kind === 'delete-changelog' ? step.topic : []))
  const own = ['totals-clock-orders-changelog', 'totals-sums-changelog', 'totals-windows-sums-changelog']
  expect(await deleted()).toEqual(own)
  cluster.onChange = (change) => {
    changes.push(change)
    if (change === 'delete totals-sums-changelog') throw new Error('no broker')
  }
  await expect(execute(await plan())).rejects.toThrow('no broker')
  expect(await deleted()).toEqual(own.slice(1))
})

test('the changelog of an application whose id only begins the same is left alone', async () => {
  const { cluster, plan } = clusterWithApplication()
  cluster.addTopic('totals-eu-sums-changelog', [0, 1])
  cluster.addTopic('totals-changelog', [0, 1])
  cluster.addTopic('totals-eu', [0, 1])
  cluster.addTopic('other-sums-changelog', [0, 1])
  cluster.commit('totals-eu', 'orders', 1)
  const deleted = (await plan()).filter(({ kind }) => kind === 'delete-changelog')
  expect(deleted).toEqual([{ kind: 'delete-changelog', topic: 'totals-sums-changelog' }])
})

test('topics that do not exist, and outputs that are also read, are refused', async () => {
  const { cluster, plan } = clusterWithApplication()
  await expect(plan({ inputTopics: ['ordres'], outputs: ['totls'] })).rejects.toThrow(
    'topics ordres, totls: no such topic',
  )
  await expect(plan({ outputs: ['orders'] })).rejects.toThrow('topic orders is read by totals')
  cluster.addTopic('returns', [0, 1])
  await expect(plan({ inputTopics: ['returns'], outputs: ['returns'] })).rejects.toThrow(
    'topic returns is read by totals',
  )
})
