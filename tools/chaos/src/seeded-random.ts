/** Numbers from 0 to below 1, the same for the same seed. Source: T. Ettinger, mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Each number from 0 to below `count` so many times, in an order that chance decides (Fisher and Yates). */
export function shuffledTurns(count: number, times: number, random: () => number): number[] {
  const turns = Array.from({ length: count * times }, (_, index) => index % count)
  for (let last = turns.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const turn = turns[last]!
    turns[last] = turns[other]!
    turns[other] = turn
  }
  return turns
}
