import { describe, expect, it } from 'vitest'
import { heartbeat } from './heartbeat.ts'

const started = () => heartbeat({ pingIntervalMs: 20_000, pongTimeoutMs: 60_000, startMs: 0 })

describe('the heartbeat of a connection', () => {
  it('pings every interval, each ping with another payload', () => {
    const beat = started()
    expect(beat.nextAtMs()).toBe(20_000)
    expect(beat.tick(19_999)).toEqual({ kind: 'wait' })
    expect(beat.tick(20_000)).toEqual({ kind: 'ping', payload: '20000' })
    expect(beat.tick(20_001)).toEqual({ kind: 'wait' })
    expect(beat.tick(40_000)).toEqual({ kind: 'ping', payload: '40000' })
  })

  it('disconnects a minute after the first ping without a pong', () => {
    const beat = started()
    for (const atMs of [20_000, 40_000, 60_000]) beat.tick(atMs)
    expect(beat.tick(79_999)).toEqual({ kind: 'wait' })
    expect(beat.nextAtMs()).toBe(80_000)
    expect(beat.tick(80_000)).toEqual({ kind: 'disconnect' })
  })

  it('takes the echo of a ping for an answer to it and those before', () => {
    const beat = started()
    for (const atMs of [20_000, 40_000, 60_000]) beat.tick(atMs)
    beat.pong('40000')
    expect(beat.tick(80_000)).toMatchObject({ kind: 'ping' })
    expect(beat.tick(120_000)).toEqual({ kind: 'disconnect' })
  })

  it('permits empty and surplus pongs, and is not kept alive by them', () => {
    const beat = started()
    beat.tick(20_000)
    beat.pong('')
    beat.pong('12345')
    expect(beat.tick(80_000)).toEqual({ kind: 'disconnect' })
  })
})
