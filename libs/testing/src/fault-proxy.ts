import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerAddress } from './advertised-addresses.ts'
import { FaultRules, type Chance, type Fault, type FaultRule } from './fault-rules.ts'
import type { Read } from './kafka-frames.ts'
import { ProxiedConnection, type ProxyPorts } from './proxied-connection.ts'

/** What `startFaultProxy` takes: the brokers that it stands before, and the faults. */
export interface FaultProxyOptions {
  /** The cluster's bootstrap servers, `host:port`, separated by commas. No TLS: frames are read on their way. */
  readonly brokers: string
  readonly rules?: readonly FaultRule[]
  /** For rules with a probability: `seededChance(seed)` for a run that can be repeated. */
  readonly random?: Chance
  /** Told of each fault, just before it takes place. */
  readonly onFault?: (fault: Fault) => void
  /** How delays are waited for; real time if left out. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<unknown>
}

/** What has gone through so far. */
export interface FaultProxyStats {
  /** Connections that are open. */
  readonly connections: number
  /** Requests of clients by API, those that met with a fault included. */
  readonly requests: Readonly<Record<string, number>>
  /** Responses of brokers by API, those that met with a fault included. */
  readonly responses: Readonly<Record<string, number>>
  /** Faults by the name of their rule. */
  readonly faults: Readonly<Record<string, number>>
  /** Why connections were given up by the proxy itself, the last hundred: frames that it can't read or rewrite. Empty in a sound test. */
  readonly refused: readonly string[]
}

/** A way to a Kafka cluster on which things go wrong as they are told to. */
export interface FaultProxy {
  /** What clients connect to. Every broker they learn of is reached through the proxy as well. */
  readonly bootstrapServers: string
  /** Puts a rule behind those in force; returns what takes it away. Throws a RangeError for a rule that can't be. */
  addRule(rule: FaultRule): () => void
  clearRules(): void
  stats(): FaultProxyStats
  /** Cuts all connections; resolves when none is left. May be called again. */
  close(): Promise<void>
}

const LOOPBACK = '127.0.0.1'
const MAX_BROKERS = 100
const MAX_REFUSED = 100

/**
 * Starts a proxy between Kafka clients and a cluster, on loopback ports, one for each broker it learns of. Rejects with a RangeError for
 * addresses or rules that can't be. A broker that is away is a connection that closes at once.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const brokers = parseAddresses(options.brokers)
  const rules = new FaultRules(options.random)
  for (const rule of options.rules ?? []) rules.add(rule)
  const proxy = new Doors(rules, options)
  try {
    const doors = await Promise.all(brokers.map((broker) => proxy.open(broker)))
    return {
      bootstrapServers: doors.map(nameOf).join(','),
      addRule: (rule) => rules.add(rule),
      clearRules: () => rules.clear(),
      stats: () => proxy.stats(),
      close: () => proxy.close(),
    }
  } catch (error) {
    await proxy.close()
    throw error
  }
}

/** One listener for each broker, and the connections through them. */
class Doors implements ProxyPorts {
  readonly rules: FaultRules
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<unknown>
  readonly onFault: (fault: Fault) => void
  readonly #doors = new Map<string, Promise<{ readonly server: Server; readonly address: BrokerAddress }>>()
  readonly #connections = new Set<ProxiedConnection>()
  readonly #counts = { request: new Map<string, number>(), response: new Map<string, number>() }
  readonly #refused: string[] = []
  #closing: Promise<void> | undefined

  constructor(rules: FaultRules, options: FaultProxyOptions) {
    this.rules = rules
    this.wait = options.wait ?? ((delayMs, signal) => delay(delayMs, undefined, { signal }))
    this.onFault = options.onFault ?? (() => undefined)
  }

  async addressFor(broker: BrokerAddress): Promise<Read<BrokerAddress>> {
    if (this.#closing !== undefined) return { ok: false, issue: 'the fault proxy is closed' }
    if (this.#doors.size >= MAX_BROKERS && !this.#doors.has(nameOf(broker))) {
      return {
        ok: false,
        issue: `${nameOf(broker)} is one more than the ${MAX_BROKERS} brokers that a fault proxy can have`,
      }
    }
    return { ok: true, value: await this.open(broker) }
  }

  /** Where clients find this broker. Rejects with what the system says where no port can be listened on. */
  async open(broker: BrokerAddress): Promise<BrokerAddress> {
    const opening = this.#doors.get(nameOf(broker)) ?? this.#listenFor(broker)
    this.#doors.set(nameOf(broker), opening)
    return (await opening).address
  }

  onFrame(on: 'request' | 'response', api: string): void {
    this.#counts[on].set(api, (this.#counts[on].get(api) ?? 0) + 1)
  }

  onRefused(issue: string): void {
    this.#refused.push(issue)
    if (this.#refused.length > MAX_REFUSED) this.#refused.shift()
  }

  stats(): FaultProxyStats {
    return {
      connections: this.#connections.size,
      requests: Object.fromEntries(this.#counts.request),
      responses: Object.fromEntries(this.#counts.response),
      faults: this.rules.counts,
      refused: [...this.#refused],
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #listenFor(broker: BrokerAddress): Promise<{ readonly server: Server; readonly address: BrokerAddress }> {
    const server = createServer((client) => {
      const connection = new ProxiedConnection(client, broker, this)
      this.#connections.add(connection)
      void connection.closed.then(() => this.#connections.delete(connection))
    })
    server.listen(0, LOOPBACK)
    await once(server, 'listening')
    return { server, address: { host: LOOPBACK, port: (server.address() as AddressInfo).port } }
  }

  async #close(): Promise<void> {
    const opened = await Promise.allSettled(this.#doors.values())
    const servers = opened.flatMap((door) => (door.status === 'fulfilled' ? [door.value.server] : []))
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    for (const connection of this.#connections) connection.close()
    await Promise.all([...closed, ...[...this.#connections].map((connection) => connection.closed)])
  }
}

function nameOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`
}

function parseAddresses(text: string | undefined): BrokerAddress[] {
  return (text ?? '').split(',').map(parseAddress)
}

function parseAddress(text: string): BrokerAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim()) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port > 0 && port < 65_536))
    throw new RangeError(`brokers: "${text.trim()}" is not host:port`)
  return { host, port }
}
