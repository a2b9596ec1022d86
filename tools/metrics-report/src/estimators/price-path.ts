import { randomExponential, randomNormal } from 'd3-random'

/** A market whose truth is known: what moves its price, and what the tape makes of that. */
export interface PriceProcess {
  /** Standard deviation of the log return over a whole window. */
  readonly sigma: number
  /** Trades of a window on average, at moments of a Poisson process. */
  readonly trades: number
  /** One jump a window on average, as a multiple of `sigma` (its standard deviation); none if left out. */
  readonly jump?: { readonly perWindow: number; readonly size: number }
  /** Prices are multiples of it, as a share of the first price. */
  readonly tick?: number
  /** Buyers pay this share more than the price, sellers get this much less. */
  readonly halfSpread?: number
}

/** A trade of a path; time runs from 0 to 1 over a window. */
export interface PathPoint {
  readonly time: number
  readonly price: number
}

/** What the log price did in a window, exactly: the variance that is to be estimated. */
export interface PathTruth {
  /** Of the Brownian motion alone. */
  readonly diffusion: number
  /** Squared jumps. */
  readonly jumps: number
}

export interface Path {
  readonly points: readonly PathPoint[]
  readonly truth: PathTruth
}

const FIRST_PRICE = 100

/**
 * Windows of a price without a drift: geometric Brownian motion seen at the moments of trades, with compound Poisson jumps,
 * ticks and the bounce between bid and ask where the process has them. `random` gives numbers from [0, 1).
 */
export function* pricePaths(process: PriceProcess, random: () => number): Generator<Path> {
  const { sigma, trades, jump, tick = 0, halfSpread = 0 } = process
  const normal = randomNormal.source(random)(0, 1)
  const wait = randomExponential.source(random)(trades)
  const untilJump = jump === undefined ? () => Infinity : randomExponential.source(random)(jump.perWindow)
  const onTape = (price: number) => {
    const paid = price * (1 + (random() < 0.5 ? -halfSpread : halfSpread))
    return tick === 0 ? paid : Math.round(paid / (tick * FIRST_PRICE)) * tick * FIRST_PRICE
  }
  let logPrice = 0
  let toJumpTime = untilJump()
  /** Moves the price on, and returns the squared jumps of that time. */
  const move = (time: number): number => {
    let jumps = 0
    logPrice += sigma * Math.sqrt(time) * normal()
    for (toJumpTime -= time; toJumpTime < 0; toJumpTime += untilJump()) {
      const size = sigma * (jump?.size ?? 0) * normal()
      logPrice += size
      jumps += size ** 2
    }
    return jumps
  }
  for (;;) {
    const points: PathPoint[] = []
    let jumps = 0
    let time = 0
    // Every window begins at the same price, but for where it lies between two ticks: a tick or a spread means the same in all of them.
    logPrice = Math.log(FIRST_PRICE * (1 + tick * random()))
    // An exponential wait has no memory: each window can begin with a new one.
    for (let next = wait(); next < 1; next += wait()) {
      jumps += move(next - time)
      time = next
      points.push({ time, price: onTape(Math.exp(logPrice)) })
    }
    jumps += move(1 - time)
    yield { points, truth: { diffusion: sigma ** 2, jumps } }
  }
}
