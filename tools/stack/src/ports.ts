import { createServer } from 'node:net'
import { portHolder } from './port-holder.ts'
import { StackError } from './stack-error.ts'

/** One loopback port for each listener of the stack. */
export interface StackPorts {
  readonly kafka: number
  readonly kafkaController: number
  readonly registry: number
  readonly registryManagement: number
  readonly influx: number
}

export type PortName = keyof StackPorts

export const defaultPorts: StackPorts = {
  kafka: 9092,
  kafkaController: 9093,
  registry: 8081,
  registryManagement: 8082,
  influx: 8086,
}

/** Where each port lies above a port base; a product that uses the same base puts its own ports from `portsFromBase` on. */
export const portOffsets: StackPorts = { kafka: 0, kafkaController: 1, registry: 2, registryManagement: 3, influx: 4 }

/** How many ports the stack takes above a port base. */
export const portsFromBase = 5

/** The command-line option that moves one port, and the server it belongs to; named in errors about that port. */
export const portSettings: Readonly<Record<PortName, Required<Listener>>> = {
  kafka: { option: '--kafka-port', server: 'Kafka' },
  kafkaController: { option: '--kafka-controller-port', server: "Kafka's controller" },
  registry: { option: '--registry-port', server: 'the schema registry' },
  registryManagement: { option: '--registry-management-port', server: "the schema registry's management" },
  influx: { option: '--influx-port', server: 'InfluxDB' },
}

export const portNames = Object.keys(portSettings) as readonly PortName[]

/** Ports by name, over those of a base, over the defaults. */
export function planPorts(
  wishes: { readonly base?: number | undefined; readonly ports?: Partial<StackPorts> } = {},
): StackPorts {
  const { base, ports = {} } = wishes
  const planned = { ...defaultPorts }
  for (const name of portNames)
    planned[name] = ports[name] ?? (base === undefined ? defaultPorts[name] : base + portOffsets[name])
  const owners = new Map<number, PortName>()
  for (const name of portNames) {
    const port = planned[name]
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new RangeError(
        `port ${port} for ${portSettings[name].server} is not between 1 and 65535 (${portSettings[name].option})`,
      )
    }
    const owner = owners.get(port)
    if (owner !== undefined) {
      const [first, second] = [portSettings[owner], portSettings[name]]
      throw new RangeError(
        `port ${port} is given to ${first.server} and to ${second.server}: move one (${first.option}, ${second.option})`,
      )
    }
    owners.set(port, name)
  }
  return planned
}

/** What listens on a port, as people call it, and the option that moves its port alone, if there is one. */
export interface Listener {
  readonly server: string
  readonly option?: string
}

/** As `checkPortFree`, for the first of these ports of the stack that is not. */
export async function checkPortsFree(ports: StackPorts, names: readonly PortName[] = portNames): Promise<void> {
  for (const name of names) await checkPortFree(ports[name], portSettings[name])
}

/**
 * Throws a `StackError` `port-taken` for a port that can't be listened on, naming what wants it, who has it as far as the system tells,
 * and the options that move it.
 */
export async function checkPortFree(port: number, listener: Listener): Promise<void> {
  const code = await listenError(port)
  if (code === undefined) return
  const holder = await portHolder(port)
  throw new StackError('port-taken', portTakenMessage({ ...listener, port, code, holder }))
}

export interface TakenPort extends Listener {
  readonly port: number
  /** The system's error, `EADDRINUSE` as a rule. */
  readonly code: string
  /** The process that listens there, if the system tells. */
  readonly holder?: string | undefined
}

export function portTakenMessage({ server, option, port, code, holder }: TakenPort): string {
  const by = holder === undefined ? '' : ` by ${holder}`
  const cause =
    code === 'EADDRINUSE'
      ? `is already in use${by}: stop that process`
      : `can't be listened on (${code}): choose another`
  const alone = option === undefined ? '' : `move ${server} with ${option} PORT, or `
  const all = `${option === undefined ? 'move ' : ''}all ports with --port-base N`
  return `port ${port}, wanted for ${server}, ${cause}, or ${alone}${all}`
}

async function listenError(port: number): Promise<string | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
