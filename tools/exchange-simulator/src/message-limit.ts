/** Messages a connection may send in a second: pings, pongs and JSON controls together. */
export const MAX_MESSAGES_PER_SECOND = 5

const WINDOW_MS = 1000

/** The exchange's limit on what a client sends: a strict rolling second. */
export interface MessageLimit {
  /** Notes a ping or control message; false when it is one too many and the connection must be closed. */
  admits(nowMs: number): boolean
  /**
   * Notes a pong. Pongs take their place in the second, but never close a connection themselves: some clients answer
   * each ping twice, and the exchange tolerates them.
   */
  notePong(nowMs: number): void
}

export function messageLimit(max = MAX_MESSAGES_PER_SECOND): MessageLimit {
  let recent: number[] = []
  const note = (nowMs: number) => {
    recent = [...recent.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs].slice(-(max + 1))
    return recent.length
  }
  return {
    admits: (nowMs) => note(nowMs) <= max,
    notePong: note,
  }
}
