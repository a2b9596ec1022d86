import getPort, { portNumbers } from 'get-port'
import { portNames, type StackPorts } from './ports.ts'

/** Below the ports that systems give to outgoing connections, one of which could take a port before its server does. */
const LOWEST = 10_000
const HIGHEST = 32_000
const WIDTH = 1_000

/** A port that nothing listens on just now. */
export async function freePort(): Promise<number> {
  // From somewhere in the middle, so that two who look at the same time don't find the same.
  const from = LOWEST + Math.floor(Math.random() * (HIGHEST - WIDTH - LOWEST))
  return getPort({ host: '127.0.0.1', port: portNumbers(from, from + WIDTH) })
}

/** Ports for a stack beside others: tests, or a second product on one machine. */
export async function freePorts(): Promise<StackPorts> {
  const ports: Partial<Record<keyof StackPorts, number>> = {}
  for (const name of portNames) ports[name] = await freePort()
  return ports as StackPorts
}
