import type { SimulatorStatus } from '@tidemark/exchange-simulator'

const TIMEOUT_MS = 2_000

/** What the simulator has and has sent; undefined while it does not answer. */
export async function fetchSimulatorStatus(port: number): Promise<SimulatorStatus | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/simulator/status`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return (await response.json()) as SimulatorStatus
  } catch {
    return undefined
  }
}
