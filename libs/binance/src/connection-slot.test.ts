import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConnectBudget } from './connect-budget.ts'
import { ConnectionSlot, type ConnectionPolicy, type SlotAction, type SlotEvent } from './connection-slot.ts'

const policy: ConnectionPolicy = {
  reconnectDelayMs: 5_000,
  maxReconnectDelayMs: 60_000,
  silenceMs: 65_000,
  stableAfterMs: 30_000,
  rotateAfterMs: 1_000_000,
  overlapMs: 5_000,
  openTimeoutMs: 20_000,
}
const traffic = new Map<number, number>()
const lastTrafficMs = (link: number): number => traffic.get(link) ?? -Infinity
let slot: ConnectionSlot
let budget: ConnectBudget
let nowMs: number
let lastLink: number

beforeEach(() => {
  slot = new ConnectionSlot(policy)
  budget = new ConnectBudget()
  nowMs = 0
  lastLink = 0
  traffic.clear()
})

const step = (event: SlotEvent, atMs = nowMs): SlotAction[] => {
  nowMs = atMs
  return slot.step(event, {
    nowMs,
    random: 0,
    newLink: () => ++lastLink,
    lastTrafficMs,
    takeAttempt: () => budget.take(nowMs),
  })
}
const open = (link: number): SlotAction => ({ kind: 'open', link })
const reported = (reason: string, retryInMs: number): SlotAction => ({ kind: 'report-lost', reason, retryInMs })
const connect = (): void => {
  step({ kind: 'started' })
  step({ kind: 'ready', link: 1 })
}

describe('a connection', () => {
  it('is made at the start, at once', () => {
    expect(step({ kind: 'started' })).toEqual([open(1)])
    expect(slot.isReady).toBe(false)
    expect(step({ kind: 'ready', link: 1 })).toEqual([])
    expect(slot.isReady).toBe(true)
  })

  it('is tried again for ever, with a growing delay', () => {
    step({ kind: 'started' })
    const waits: number[] = []
    for (let link = 1; link <= 6; link++) {
      expect(step({ kind: 'lost', link, reason: 'cut' })).toHaveLength(1)
      waits.push(slot.dueMs(lastTrafficMs) - nowMs)
      expect(step({ kind: 'woken' }, slot.dueMs(lastTrafficMs) - 1)).toEqual([])
      expect(step({ kind: 'woken' }, nowMs + 1)).toEqual([open(link + 1)])
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })

  it('is not tried before the exchange wants it, where that is later than its delay', () => {
    step({ kind: 'started' })
    expect(step({ kind: 'lost', link: 1, reason: 'banned', retryAfterMs: 120_000 })).toEqual([
      reported('banned', 120_000),
    ])
    expect(step({ kind: 'woken' }, 119_999)).toEqual([])
    expect(step({ kind: 'woken' }, 120_000)).toEqual([open(2)])
    expect(step({ kind: 'lost', link: 2, reason: 'refused', retryAfterMs: 1_000 })).toEqual([
      reported('refused', 10_000),
    ])
  })

  it('that lived exactly the stable time starts the delays anew, a millisecond less does not', () => {
    for (const [aliveMs, waitMs] of [
      [30_000, 5_000],
      [29_999, 10_000],
    ] as const) {
      slot = new ConnectionSlot(policy)
      step({ kind: 'started' })
      step({ kind: 'lost', link: lastLink, reason: 'cut' })
      step({ kind: 'woken' }, nowMs + 5_000)
      step({ kind: 'ready', link: lastLink })
      expect(step({ kind: 'lost', link: lastLink, reason: 'cut' }, nowMs + aliveMs)).toEqual([reported('cut', waitMs)])
    }
  })

  it('that is silent is dropped and replaced; a ping keeps it', () => {
    connect()
    traffic.set(1, 60_000)
    expect(step({ kind: 'woken' }, 124_999)).toEqual([])
    expect(slot.dueMs(lastTrafficMs)).toBe(125_000)
    const reason = 'nothing came for 65 s, not even a ping: the connection is dead'
    expect(step({ kind: 'woken' }, 125_000)).toEqual([{ kind: 'drop', link: 1 }, reported(reason, 5_000)])
  })

  it('that is open but brings nothing of what there is, is dropped and replaced', () => {
    connect()
    const reason = 'it brought nothing of what the exchange shows over REST: the connection is deaf'
    expect(step({ kind: 'deaf', link: 7 })).toEqual([])
    expect(step({ kind: 'deaf', link: 1 })).toEqual([{ kind: 'drop', link: 1 }, reported(reason, 5_000)])
  })

  it('that does not get its streams in time is dropped', () => {
    step({ kind: 'started' })
    const [drop] = step({ kind: 'woken' }, 20_000)
    expect(drop).toEqual({ kind: 'drop', link: 1 })
    expect(slot.dueMs(lastTrafficMs)).toBe(25_000)
  })

  it('is not tried more often than the exchange allows', () => {
    budget = new ConnectBudget(2)
    step({ kind: 'started' })
    step({ kind: 'lost', link: 1, reason: 'cut' })
    step({ kind: 'woken' }, 5_000)
    step({ kind: 'lost', link: 2, reason: 'cut' })
    expect(step({ kind: 'woken' }, 15_000)).toEqual([])
    expect(slot.dueMs(lastTrafficMs)).toBe(300_000)
    expect(step({ kind: 'woken' }, 300_000)).toEqual([open(3)])
  })
})

describe('a connection that is to be replaced', () => {
  it('goes on until its successor brings everything, and for the overlap', () => {
    connect()
    traffic.set(1, Infinity)
    expect(step({ kind: 'woken' }, 999_999)).toEqual([])
    expect(step({ kind: 'woken' }, 1_000_000)).toEqual([open(2)])
    step({ kind: 'ready', link: 2 }, 1_000_100)
    expect(step({ kind: 'woken' }, 1_005_099)).toEqual([])
    expect(step({ kind: 'woken' }, 1_005_100)).toEqual([{ kind: 'close', link: 1 }])
    expect(slot.isReady).toBe(true)
  })

  it('has a successor at once where the exchange says that it will close it, or where other streams are wanted', () => {
    connect()
    expect(step({ kind: 'end-announced', link: 1 })).toEqual([open(2)])
    expect(step({ kind: 'end-announced', link: 1 })).toEqual([])
    expect(step({ kind: 'replaced' })).toEqual([{ kind: 'drop', link: 2 }, open(3)])
  })

  it('has a successor though its end was announced before it had all of its streams', () => {
    step({ kind: 'started' })
    step({ kind: 'end-announced', link: 1 })
    step({ kind: 'ready', link: 1 })
    expect(slot.dueMs(lastTrafficMs)).toBe(nowMs)
    expect(step({ kind: 'woken' })).toEqual([open(2)])
  })

  it('that ends before its successor is there is not missed: the successor takes its place', () => {
    connect()
    step({ kind: 'end-announced', link: 1 })
    expect(step({ kind: 'lost', link: 1, reason: 'closed' })).toEqual([reported('closed', 0)])
    expect(step({ kind: 'ready', link: 2 })).toEqual([])
    expect(slot.isReady).toBe(true)
    expect(step({ kind: 'woken' }, 10_000)).toEqual([])
  })

  it('goes on while its successor can not be made, which is tried again', () => {
    connect()
    step({ kind: 'end-announced', link: 1 })
    expect(step({ kind: 'lost', link: 2, reason: 'refused' })).toEqual([reported('refused', 5_000)])
    expect(slot.isReady).toBe(true)
    expect(step({ kind: 'woken' }, 5_000)).toEqual([open(3)])
  })
})

it('whatever happens: at most two connections, one of them open where one was ready and none was lost', () => {
  const event = fc.oneof(
    { weight: 3, arbitrary: fc.constant('woken' as const) },
    fc.constantFrom('ready' as const, 'lost' as const, 'end-announced' as const, 'replaced' as const),
  )
  const move = fc.record({ event, pick: fc.nat(1), ms: fc.constantFrom(0, 1_000, 6_000, 70_000) })
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60, size: 'max' }), (moves) => {
      slot = new ConnectionSlot(policy)
      budget = new ConnectBudget()
      lastLink = 0
      nowMs = 0
      traffic.clear()
      const links = new Map<number, boolean>()
      const take = (actions: readonly SlotAction[]): void => {
        for (const action of actions) {
          if (action.kind === 'open') links.set(action.link, false)
          if (action.kind === 'drop') links.delete(action.link)
          if (action.kind !== 'close') continue
          const others = [...links].filter(([link]) => link !== action.link)
          expect(others.some(([, isReady]) => isReady)).toBe(true)
          links.delete(action.link)
        }
        expect(links.size).toBeLessThanOrEqual(2)
      }
      take(step({ kind: 'started' }))
      for (const { event: kind, pick, ms } of moves) {
        const link = [...links.keys()][pick % Math.max(1, links.size)] ?? 0
        for (const each of links.keys()) if (ms < 70_000) traffic.set(each, nowMs + ms)
        if (kind === 'lost') links.delete(link)
        if (kind === 'ready' && links.has(link)) links.set(link, true)
        take(step(kind === 'lost' ? { kind, link, reason: '' } : { kind, link }, nowMs + ms))
        if (links.size === 0) expect(slot.dueMs(lastTrafficMs)).toBeLessThan(Infinity)
      }
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) },
  )
})
