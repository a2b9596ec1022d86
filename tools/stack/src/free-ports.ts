import getPort from 'get-port'
import { portNames, type StackPorts } from './ports.ts'

/** Ports that nothing listens on just now, for a stack beside others: tests, or a second product on one machine. */
export async function freePorts(): Promise<StackPorts> {
  const ports: Partial<Record<keyof StackPorts, number>> = {}
  for (const name of portNames) ports[name] = await getPort({ host: '127.0.0.1' })
  return ports as StackPorts
}
