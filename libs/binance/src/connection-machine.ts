import { reconnectDelay, type ReconnectPolicy } from './reconnect-delay.ts'

export interface ConnectionPolicy extends ReconnectPolicy {
  /** A connection that brought nothing at all for this long, not even a ping, is dead. The exchange pings every 20 s. */
  readonly silenceMs: number
  /** A connection that lived this long was a good one: the next failure counts as the first. */
  readonly stableAfterMs: number
}

/** `failures` counts failures in a row; all times are on one monotonic clock. */
export type ConnectionState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'connecting'; readonly failures: number }
  | { readonly phase: 'open'; readonly failures: number; readonly sinceMs: number; readonly endAnnounced: boolean }
  | { readonly phase: 'waiting'; readonly failures: number; readonly dueMs: number }
  | { readonly phase: 'stopped' }

export type ConnectionEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'opened' }
  /** The connection ended, or could not be made. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The exchange said that it will close this connection soon. */
  | { readonly kind: 'end-announced' }
  /** The time of the last `wake-at` action has come. */
  | { readonly kind: 'woken'; readonly lastTrafficMs: number }
  | { readonly kind: 'stopped' }

export type ConnectionAction =
  | { readonly kind: 'connect' }
  /** End the connection without waiting for the other side, and report nothing more of it. */
  | { readonly kind: 'drop' }
  /** End the connection politely. */
  | { readonly kind: 'close' }
  /** Send `woken` at this time; replaces an earlier one. */
  | { readonly kind: 'wake-at'; readonly timeMs: number }
  | { readonly kind: 'report-lost'; readonly reason: string; readonly retryInMs: number }

export interface ConnectionStep {
  readonly state: ConnectionState
  readonly actions: readonly ConnectionAction[]
}

export interface StepContext {
  readonly nowMs: number
  /** In [0, 1). */
  readonly random: number
  readonly policy: ConnectionPolicy
}

/**
 * What to do next about one connection that should always be there. Pure; an event that does not fit the state (a late one of a
 * connection that was given up) changes nothing.
 */
export function stepConnection(state: ConnectionState, event: ConnectionEvent, context: StepContext): ConnectionStep {
  const { nowMs, policy } = context
  if (state.phase === 'stopped') return { state, actions: [] }
  switch (event.kind) {
    case 'stopped':
      return { state: { phase: 'stopped' }, actions: [{ kind: 'close' }] }
    case 'started':
      return state.phase === 'idle' ? connect(0) : { state, actions: [] }
    case 'opened':
      if (state.phase !== 'connecting') return { state, actions: [] }
      return {
        state: { phase: 'open', failures: state.failures, sinceMs: nowMs, endAnnounced: false },
        actions: [{ kind: 'wake-at', timeMs: nowMs + policy.silenceMs }],
      }
    case 'end-announced':
      return { state: state.phase === 'open' ? { ...state, endAnnounced: true } : state, actions: [] }
    case 'lost':
      return retry(state, event.reason, context)
    case 'woken':
      return wake(state, event.lastTrafficMs, context)
  }
}

function connect(failures: number): ConnectionStep {
  return { state: { phase: 'connecting', failures }, actions: [{ kind: 'connect' }] }
}

function retry(state: ConnectionState, reason: string, { nowMs, random, policy }: StepContext): ConnectionStep {
  if (state.phase !== 'open' && state.phase !== 'connecting') return { state, actions: [] }
  const wasStable = state.phase === 'open' && nowMs - state.sinceMs >= policy.stableAfterMs
  const failures = wasStable ? 0 : state.failures
  // An announced end is no failure: the exchange asks for a new connection at once.
  const atOnce = wasStable && state.endAnnounced
  const retryInMs = atOnce ? 0 : reconnectDelay(failures, policy, random)
  const dueMs = nowMs + retryInMs
  return {
    state: { phase: 'waiting', failures: failures + 1, dueMs },
    actions: [
      { kind: 'report-lost', reason, retryInMs },
      { kind: 'wake-at', timeMs: dueMs },
    ],
  }
}

function wake(state: ConnectionState, lastTrafficMs: number, context: StepContext): ConnectionStep {
  const { nowMs, policy } = context
  if (state.phase === 'waiting') {
    if (nowMs >= state.dueMs) return connect(state.failures)
    return { state, actions: [{ kind: 'wake-at', timeMs: state.dueMs }] }
  }
  if (state.phase !== 'open') return { state, actions: [] }
  const silentSinceMs = Math.max(lastTrafficMs, state.sinceMs)
  if (nowMs - silentSinceMs < policy.silenceMs) {
    return { state, actions: [{ kind: 'wake-at', timeMs: silentSinceMs + policy.silenceMs }] }
  }
  const reason = `nothing came for ${Math.round((nowMs - silentSinceMs) / 1000)} s, not even a ping: the connection is dead`
  const lost = retry(state, reason, context)
  return { state: lost.state, actions: [{ kind: 'drop' }, ...lost.actions] }
}
