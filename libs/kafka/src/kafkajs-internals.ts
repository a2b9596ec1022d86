import type { Socket } from 'node:net'
import { StreamsError } from '@tidemark/streams'
import kafkajs, { type Admin, type KafkaConfig, type LogEntry, type logCreator, type SASLOptions } from 'kafkajs'
// @ts-expect-error -- a module without types: see `BrokerClass`
import brokerModule from 'kafkajs/src/broker/index.js'
// @ts-expect-error -- a module without types: see `Builder`
import connectionPoolBuilderModule from 'kafkajs/src/cluster/connectionPoolBuilder.js'
// @ts-expect-error -- a module without types: see `Loggers`
import loggersModule from 'kafkajs/src/loggers/index.js'
import type { BrokerConnection } from './broker-connection.ts'
import { brokerSocket } from './broker-sockets.ts'
import type { ConnectionSettings, ServerAddress } from './connection-options.ts'
import { mendKafkajs } from './kafkajs-mends.ts'
import type { KafkaLogger } from './logger.ts'
import { ByteReader } from './protocol/byte-reader.ts'
import { ByteWriter } from './protocol/byte-writer.ts'
import type { Call } from './protocol/call.ts'

// With `kafkajs-mends.ts` all that knows kafkajs from the inside; a test holds its version. See docs/adr/0001-kafka-client.md.

interface Connection {
  readonly socket: Socket | undefined
  isConnected(): boolean
  connect(): Promise<unknown>
  send<T>(call: {
    request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<unknown> }
    response: { decode(payload: Buffer): Promise<T>; parse(decoded: T): Promise<T> }
    requestTimeout: number
    logResponseError: boolean
  }): Promise<T>
  rejectRequests(error: Error): void
  disconnect(): Promise<boolean>
}

interface ConnectionPool {
  readonly pool: readonly Connection[]
  getConnection(index: number): Promise<Connection>
}

interface Builder {
  build(destination: ServerAddress): Promise<ConnectionPool>
}

interface Broker {
  readonly connectionPool: ConnectionPool
  readonly versions: Readonly<Record<string, { minVersion: number; maxVersion: number }>> | null
  connect(): Promise<void>
}

interface NamespacedLogger {
  namespace(name: string): NamespacedLogger
}

type BrokerClass = new (options: {
  connectionPool: ConnectionPool
  logger: NamespacedLogger
  authenticationTimeout: number
}) => Broker
interface Loggers {
  createLogger(options: { level: number; logCreator: logCreator }): NamespacedLogger
}

const BrokerOfKafkajs = brokerModule as BrokerClass
const connectionPoolBuilder = connectionPoolBuilderModule as (options: Record<string, unknown>) => Builder
const loggers = loggersModule as Loggers

const RECORDS_CONNECTION = 1
const OTHERS_CONNECTION = 0
const FETCH_API_KEY = 1

mendKafkajs()

/** Makes connections that share one set of options. */
export function brokerConnector(settings: ConnectionSettings): (address: ServerAddress) => BrokerConnection {
  const logger = loggers.createLogger({
    level: kafkajs.logLevel.INFO,
    logCreator: () => bridgeTo(settings.logger),
  })
  const builder = connectionPoolBuilder({
    socketFactory: brokerSocket,
    brokers: settings.bootstrapServers.map(({ host, port }) => `${host}:${port}`),
    ssl: settings.ssl,
    sasl: settings.sasl,
    clientId: settings.clientId,
    requestTimeout: settings.requestTimeoutMs,
    enforceRequestTimeout: true,
    connectionTimeout: settings.connectionTimeoutMs,
    logger,
  })
  return (address) => new KafkajsBrokerConnection(address, { settings, builder, logger })
}

/** kafkajs' own client for what is no hot path: topics and their settings. */
export function kafkajsAdmin(settings: ConnectionSettings): Admin {
  const config: KafkaConfig = {
    brokers: settings.bootstrapServers.map(({ host, port }) => `${host}:${port}`),
    clientId: settings.clientId,
    connectionTimeout: settings.connectionTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => bridgeTo(settings.logger),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    ...(settings.sasl === undefined ? {} : { sasl: settings.sasl as SASLOptions }),
  }
  return new kafkajs.Kafka(config).admin()
}

interface Parts {
  readonly settings: ConnectionSettings
  readonly builder: Builder
  readonly logger: NamespacedLogger
}

class KafkajsBrokerConnection implements BrokerConnection {
  readonly address: ServerAddress
  readonly #parts: Parts
  #broker: Promise<Broker> | undefined
  /** The same from when it is made on, before its first connection is open. */
  #made: Broker | undefined
  // kafkajs opens a second socket, and loses the first one, when two requests find a connection closed at once.
  readonly #opening = new Map<number, Promise<Connection>>()
  #closed = false

  constructor(address: ServerAddress, parts: Parts) {
    this.address = address
    this.#parts = parts
  }

  async send<T>(call: Call<T>): Promise<T> {
    try {
      const broker = await this.#connected()
      this.#refuseUnsupported(broker, call)
      const connection = await this.#open(
        broker,
        call.apiKey === FETCH_API_KEY ? RECORDS_CONNECTION : OTHERS_CONNECTION,
      )
      const { answer } = await connection.send({
        request: {
          apiKey: call.apiKey,
          apiVersion: call.apiVersion,
          apiName: call.apiName,
          encode: () => Promise.resolve(encoded(call)),
        },
        response: {
          decode: (payload) => Promise.resolve({ answer: decoded(call, payload) }),
          parse: (decoded) => Promise.resolve(decoded),
        },
        requestTimeout: this.#parts.settings.requestTimeoutMs + (call.holdMs ?? 0),
        logResponseError: false,
      })
      return answer
    } catch (error) {
      throw this.#asStreamsError(error, call.apiName)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    // What is being opened is not waited for: its broker may be silent, and each step would take until its time is up.
    if (this.#made !== undefined) await giveUp(this.#made)
  }

  /** Opens the first connection, with versions and authentication; a broker that fails to is made anew the next time. */
  async #connected(): Promise<Broker> {
    this.#refuseClosed()
    this.#broker ??= this.#connect()
    try {
      return await this.#broker
    } catch (error) {
      this.#broker = undefined
      throw error
    }
  }

  async #connect(): Promise<Broker> {
    const { settings, builder, logger } = this.#parts
    const connectionPool = await builder.build(this.address)
    this.#refuseClosed()
    const broker = new BrokerOfKafkajs({ connectionPool, logger, authenticationTimeout: settings.connectionTimeoutMs })
    this.#made = broker
    try {
      await broker.connect()
      // One that is being closed counts as open with kafkajs.
      this.#refuseClosed()
    } catch (error) {
      await disconnect(broker)
      throw error
    }
    return broker
  }

  async #open(broker: Broker, index: number): Promise<Connection> {
    const current = broker.connectionPool.pool[index]
    if (current?.isConnected() === true) return current
    const opening = this.#opening.get(index) ?? broker.connectionPool.getConnection(index)
    this.#opening.set(index, opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(index)
    }
  }

  #refuseClosed(): void {
    if (!this.#closed) return
    throw new StreamsError('broker-unavailable', `broker ${this.#name}: given up by this client`, { retriable: true })
  }

  #refuseUnsupported(broker: Broker, { apiKey, apiVersion, apiName }: Call<unknown>): void {
    const served = broker.versions?.[apiKey]
    if (served !== undefined && served.minVersion <= apiVersion && apiVersion <= served.maxVersion) return
    const range = served === undefined ? 'not at all' : `in versions ${served.minVersion} to ${served.maxVersion}`
    throw new StreamsError(
      'protocol',
      `broker ${this.#name} serves ${apiName} ${range}, but version ${apiVersion} is needed: Kafka 2.5 to 4.x have it`,
    )
  }

  get #name(): string {
    return `${this.address.host}:${this.address.port}`
  }

  #asStreamsError(error: unknown, apiName: string): StreamsError {
    if (error instanceof StreamsError) return error
    const reason = error instanceof Error ? error.message : String(error)
    const subject = `broker ${this.#name}: ${apiName}`
    if (error instanceof RangeError) {
      return new StreamsError('protocol', `${subject}: not of the protocol's format: ${reason}`, { cause: error })
    }
    if (nameOf(error).includes('SASL') || typeOf(error).includes('SASL')) {
      return new StreamsError('not-authorised', `${subject}: ${reason}: check user, password and mechanism`, {
        cause: error,
      })
    }
    return new StreamsError('broker-unavailable', `${subject}: ${reason}`, { retriable: true, cause: error })
  }
}

/** What kafkajs takes for one of its encoders when it puts the request together. */
function encoded(call: Call<unknown>): unknown {
  const writer = new ByteWriter(call.expectedBytes)
  // kafkajs knows the old header only, which the new one continues with its tags.
  if (call.flexible === true) writer.noTags()
  call.encode(writer)
  const bytes = writer.bytes
  return { buf: bytes, buffer: bytes, size: () => bytes.length }
}

function decoded<T>(call: Call<T>, payload: Buffer): T {
  const reader = new ByteReader(payload)
  if (call.flexible === true) reader.skipTags()
  return call.decode(reader)
}

function closedByUs(): Error {
  return Object.assign(new Error('connection closed by this client'), { name: 'KafkaJSConnectionClosedError' })
}

async function disconnect(broker: Broker): Promise<void> {
  for (const connection of broker.connectionPool.pool) {
    connection.rejectRequests(closedByUs())
    await connection.disconnect()
    // While it is being closed kafkajs takes requests, and then forgets them.
    connection.rejectRequests(closedByUs())
  }
}

/** For good: what is under way fails at once, at whichever step of opening a connection it is, and none is opened again. */
async function giveUp(broker: Broker): Promise<void> {
  for (const connection of broker.connectionPool.pool) {
    connection.connect = () => Promise.reject(closedByUs())
    if (!connection.isConnected()) connection.socket?.destroy(closedByUs())
  }
  await disconnect(broker)
}

/** All as debug: what fails is thrown or logged once by us, with what it means, while kafkajs logs each attempt. */
function bridgeTo(logger: KafkaLogger): (entry: LogEntry) => void {
  return ({ namespace, label, log }) => {
    const { message, timestamp: _, ...fields } = log
    logger.debug({ ...fields, namespace, label }, `kafkajs: ${message}`)
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function typeOf(error: unknown): string {
  return error instanceof Error && 'type' in error ? String(error.type) : ''
}
