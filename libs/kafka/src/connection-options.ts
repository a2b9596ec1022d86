import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { StreamsError } from '@tidemark/streams'
import { silentLogger, type KafkaLogger } from './logger.ts'
import { systemTime, type Time } from './time.ts'

/** How a client says who it is: by name and password, or by a token that is asked for as often as one is needed. */
export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | { readonly mechanism: 'oauthbearer'; readonly oauthBearerProvider: () => Promise<{ value: string }> }

/** How to reach a cluster. */
export interface KafkaConnectionOptions {
  /** `host:port`, several of them separated by commas: the first one that answers tells of the others. */
  readonly bootstrapServers: string
  /** Names this client in the broker's log and quotas. */
  readonly clientId: string
  /** True for TLS with the system's certificates, or Node's TLS options. */
  readonly ssl?: boolean | TlsOptions
  readonly sasl?: SaslOptions
  readonly logger?: KafkaLogger
  /** How long a connection may take to open; 5 s if left out. */
  readonly connectionTimeoutMs?: number
  /** How long an answer may take, beyond what the broker waits by design; 30 s if left out. */
  readonly requestTimeoutMs?: number
  /** How long transient errors are repeated before they are passed on, as retriable errors; 60 s if left out. */
  readonly retryForMs?: number
  /** For tests: a clock that does not wait. */
  readonly time?: Time
}

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** The same with every default filled in. */
export interface ConnectionSettings {
  readonly bootstrapServers: readonly ServerAddress[]
  readonly clientId: string
  readonly ssl: boolean | TlsOptions | undefined
  readonly sasl: SaslOptions | undefined
  readonly logger: KafkaLogger
  readonly connectionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retryForMs: number
  readonly time: Time
}

export function connectionSettings(options: KafkaConnectionOptions): ConnectionSettings {
  return {
    bootstrapServers: parseBootstrapServers(options.bootstrapServers),
    clientId: options.clientId,
    ssl: options.ssl === false ? undefined : options.ssl,
    sasl: options.sasl,
    logger: options.logger ?? silentLogger,
    connectionTimeoutMs: options.connectionTimeoutMs ?? 5_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    retryForMs: options.retryForMs ?? 60_000,
    time: options.time ?? systemTime,
  }
}

/** Throws a `StreamsError` that shows the part which is not `host:port`. */
export function parseBootstrapServers(list: string): ServerAddress[] {
  return list.split(',').map((part) => {
    const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(part.trim()) ?? []
    const host = bracketed ?? plain
    const port = Number(digits)
    if (host === undefined || !(port > 0 && port < 65_536)) {
      throw new StreamsError('protocol', `bootstrap servers: "${part.trim()}" is not host:port`)
    }
    return { host, port }
  })
}
