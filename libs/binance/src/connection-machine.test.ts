import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  stepConnection,
  type ConnectionEvent,
  type ConnectionPolicy,
  type ConnectionState,
  type ConnectionStep,
} from './connection-machine.ts'

const policy: ConnectionPolicy = {
  reconnectDelayMs: 5_000,
  maxReconnectDelayMs: 60_000,
  silenceMs: 65_000,
  stableAfterMs: 30_000,
}
const step = (state: ConnectionState, event: ConnectionEvent, nowMs: number): ConnectionStep =>
  stepConnection(state, event, { nowMs, random: 0, policy })
const open = (sinceMs: number, failures = 0): ConnectionState => ({
  phase: 'open',
  failures,
  sinceMs,
  endAnnounced: false,
})
const lost: ConnectionEvent = { kind: 'lost', reason: 'cut' }
const waitOf = ({ state }: ConnectionStep, nowMs: number): number =>
  state.phase === 'waiting' ? state.dueMs - nowMs : Number.NaN

describe('a connection', () => {
  it('is made at the start, at once', () => {
    const started = step({ phase: 'idle' }, { kind: 'started' }, 0)
    expect(started).toEqual({ state: { phase: 'connecting', failures: 0 }, actions: [{ kind: 'connect' }] })
  })

  it('is tried again for ever, with a growing delay', () => {
    let state: ConnectionState = { phase: 'connecting', failures: 0 }
    let nowMs = 0
    const waits: number[] = []
    for (let attempt = 0; attempt < 6; attempt++) {
      const failed = step(state, lost, nowMs)
      const waitMs = waitOf(failed, nowMs)
      waits.push(waitMs)
      nowMs += waitMs
      const again = step(failed.state, { kind: 'woken', lastTrafficMs: 0 }, nowMs)
      expect(again.actions).toEqual([{ kind: 'connect' }])
      state = again.state
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })

  it('that lived exactly the stable time starts the delays anew, a millisecond less does not', () => {
    expect(waitOf(step(open(0, 3), lost, 30_000), 30_000)).toBe(5_000)
    expect(waitOf(step(open(0, 3), lost, 29_999), 29_999)).toBe(40_000)
  })

  it('that is accepted and cut again and again is no reason to hammer the exchange', () => {
    const first = step(open(0), lost, 1)
    expect(first.state).toMatchObject({ phase: 'waiting', failures: 1 })
    expect(waitOf(step(open(0, 1), lost, 1), 1)).toBe(10_000)
  })

  it('that brought nothing for the silent time is dropped and replaced', () => {
    const woken = step(open(0), { kind: 'woken', lastTrafficMs: 20_000 }, 85_000)
    expect(woken.actions.map((action) => action.kind)).toEqual(['drop', 'report-lost', 'wake-at'])
    expect(woken.state.phase).toBe('waiting')
  })

  it('that brought something in time is looked at again a silent time after that', () => {
    const woken = step(open(0), { kind: 'woken', lastTrafficMs: 20_000 }, 84_999)
    expect(woken).toEqual({ state: open(0), actions: [{ kind: 'wake-at', timeMs: 85_000 }] })
  })

  it('whose end was announced is replaced at once', () => {
    const announced = step(open(0), { kind: 'end-announced' }, 40_000)
    expect(waitOf(step(announced.state, lost, 41_000), 41_000)).toBe(0)
  })

  it('announced to end before it was stable waits its delay, so that announcements can not make a storm', () => {
    const announced = step(open(0), { kind: 'end-announced' }, 10)
    expect(waitOf(step(announced.state, lost, 20), 20)).toBe(5_000)
  })

  it('woken before its time waits on', () => {
    const state: ConnectionState = { phase: 'waiting', failures: 1, dueMs: 100 }
    expect(step(state, { kind: 'woken', lastTrafficMs: 0 }, 99).actions).toEqual([{ kind: 'wake-at', timeMs: 100 }])
  })

  it('that was stopped stays stopped, whatever comes', () => {
    const event = fc.constantFrom<ConnectionEvent>(
      { kind: 'started' },
      { kind: 'opened' },
      lost,
      { kind: 'end-announced' },
      { kind: 'woken', lastTrafficMs: 0 },
      { kind: 'stopped' },
    )
    fc.assert(
      fc.property(fc.array(event), fc.array(event), (before, after) => {
        let state: ConnectionState = { phase: 'idle' }
        for (const each of [...before, { kind: 'stopped' } as const]) state = step(state, each, 0).state
        return after.every((each) => {
          const stepped = step(state, each, 1)
          return stepped.state.phase === 'stopped' && stepped.actions.length === 0
        })
      }),
    )
  })

  it('is never made twice: each connect follows the loss of the one before', () => {
    const event = fc.constantFrom<ConnectionEvent>({ kind: 'started' }, { kind: 'opened' }, lost, {
      kind: 'woken',
      lastTrafficMs: 0,
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat({ max: 70_000 })), { maxLength: 60 }), (events) => {
        let state: ConnectionState = { phase: 'idle' }
        let nowMs = 0
        let alive = 0
        for (const [each, afterMs] of events) {
          nowMs += afterMs
          const wasOver = each.kind === 'lost' && (state.phase === 'open' || state.phase === 'connecting')
          if (wasOver) alive--
          const stepped = step(state, each, nowMs)
          for (const action of stepped.actions) alive += action.kind === 'connect' ? 1 : action.kind === 'drop' ? -1 : 0
          if (alive < 0 || alive > 1) return false
          state = stepped.state
        }
        return true
      }),
    )
  })
})
