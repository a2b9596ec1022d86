import { expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'
import type { StreamsLike, StreamsLikeHealth } from './streams-like.ts'
import { streamsService } from './streams-service.ts'

const partition = {
  topic: 'market-metrics',
  partition: 3,
  status: 'running',
  position: 12,
  committed: 10,
  endOffset: 15,
  restoring: [],
  failing: undefined,
} as const

function app(health: Partial<StreamsLikeHealth> = {}, done: Promise<void> = new Promise(() => undefined)): StreamsLike {
  const all = {
    status: 'running',
    live: true,
    ready: true,
    processed: 12,
    late: 1,
    deadLetters: 2,
    partitions: [partition],
    stateEntries: new Map([['totals', 7]]),
    bufferedBytes: 4096,
  } as const
  return { done, stop: async () => undefined, health: () => ({ ...all, ...health }) }
}

it('reports position, committed offset, end and lag of every partition', () => {
  expect(streamsService(app(), { figures: () => ({ written: 9 }) }).health()).toEqual({
    status: 'ok',
    processed: 12,
    late: 1,
    dead_letters: 2,
    written: 9,
    partitions: [
      {
        topic: 'market-metrics',
        partition: 3,
        status: 'running',
        position: 12,
        committed: 10,
        end_offset: 15,
        lag: 5,
        restoring: [],
        failing: null,
      },
    ],
  })
})

it('reports no end and no lag before the broker has told the end', () => {
  const { partitions } = streamsService(app({ partitions: [{ ...partition, endOffset: undefined }] })).health()
  expect(partitions).toEqual([expect.objectContaining({ end_offset: null, lag: null })])
})

it('names the partition whose commits fail, with the last error, in its health and as a metric', async () => {
  const metrics = createMetrics()
  const failing = { commits: 4, code: 'broker-unavailable', message: 'no answer', retryAtMs: 1_000 }
  const stuck = { ...partition, status: 'suspended', failing } as const
  const running = { ...partition, partition: 4 }
  const { partitions } = streamsService(app({ ready: false, partitions: [stuck, running] }), { metrics }).health()
  expect(partitions).toMatchObject([
    {
      partition: 3,
      status: 'suspended',
      lag: 5,
      failing: { commits: 4, code: 'broker-unavailable', message: 'no answer', retry_at_ms: 1_000 },
    },
    { partition: 4, status: 'running', failing: null },
  ])
  const lines = (await metrics.registry.metrics()).split('\n')
  expect(lines).toContain('tidemark_streams_failed_commits{partition="3"} 4')
  expect(lines).toContain('tidemark_streams_failed_commits{partition="4"} 0')
  expect(lines).toContain('tidemark_streams_lag_records{topic="market-metrics",partition="3"} 5')
})

it('is starting until its partitions are assigned and rebuilt', () => {
  const service = streamsService(app({ ready: false }))
  expect([service.health().status, service.ready()]).toEqual(['starting', false])
})

it('is degraded and not ready, but live, while it waits for something outside', () => {
  const service = streamsService(app(), { figures: () => ({ degradedBy: 'InfluxDB does not answer' }) })
  expect([service.health().status, service.ready(), service.live()]).toEqual(['degraded', false, true])
})

it.each(['stopping', 'failed'] as const)('says so where it is %s, whatever else holds', (status) => {
  expect(streamsService(app({ status }), { figures: () => ({ degradedBy: 'x' }) }).health().status).toBe(status)
})

it('closes what was opened beside the streams also where these have failed', async () => {
  let closed = 0
  const service = streamsService(app({}, Promise.reject(new Error('the group is gone'))), {
    close: async () => {
      closed++
    },
  })
  await expect(service.done).rejects.toThrow('the group is gone')
  expect(closed).toBe(1)
})

it('has the figures of the streams as metrics: lag, records, state, and how far a restore is', async () => {
  const metrics = createMetrics()
  const restoring = [{ state: 'totals', restored: 40, total: 100 }]
  streamsService(app({ ready: false, partitions: [{ ...partition, restoring }] }), { metrics })
  const text = await metrics.registry.metrics()
  const lines = text.split('\n').filter((line) => line.startsWith('tidemark_streams_'))
  expect(lines).toEqual([
    'tidemark_streams_ready 0',
    'tidemark_streams_records_total{outcome="processed"} 12',
    'tidemark_streams_records_total{outcome="late"} 1',
    'tidemark_streams_records_total{outcome="dead_letter"} 2',
    'tidemark_streams_lag_records{topic="market-metrics",partition="3"} 5',
    'tidemark_streams_failed_commits{partition="3"} 0',
    'tidemark_streams_buffered_bytes 4096',
    'tidemark_streams_state_entries{state="totals"} 7',
    'tidemark_streams_restore_records{state="totals",partition="3",of="restored"} 40',
    'tidemark_streams_restore_records{state="totals",partition="3",of="total"} 100',
  ])
})
