// Modules of kafkajs 2.2.4 that come without types: only what `kafkajs-internals.ts` uses of them.

declare module 'kafkajs/src/broker/index.js' {
  import type { ConnectionPool } from 'kafkajs/src/cluster/connectionPoolBuilder.js'
  import type { NamespacedLogger } from 'kafkajs/src/loggers/index.js'

  export default class Broker {
    constructor(options: { connectionPool: ConnectionPool; logger: NamespacedLogger; authenticationTimeout: number })
    readonly connectionPool: ConnectionPool
    readonly versions: Record<string, { minVersion: number; maxVersion: number }> | null
    connect(): Promise<void>
  }
}

declare module 'kafkajs/src/cluster/connectionPoolBuilder.js' {
  import type { Socket } from 'node:net'

  export interface Connection {
    readonly socket?: Socket
    isConnected(): boolean
    send<T>(call: {
      request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<unknown> }
      response: { decode(payload: Buffer): Promise<T>; parse(decoded: T): Promise<T> }
      requestTimeout: number
      logResponseError: boolean
    }): Promise<T>
    rejectRequests(error: Error): void
    disconnect(): Promise<boolean>
  }
  export interface ConnectionPool {
    readonly pool: readonly Connection[]
    getConnection(index: number): Promise<Connection>
  }
  export interface Builder {
    build(destination: { host: string; port: number }): Promise<ConnectionPool>
  }
  export default function connectionPoolBuilder(options: Record<string, unknown>): Builder
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { Socket } from 'node:net'

  export type SocketFactory = (options: unknown) => Socket
  export default function createSocketFactory(): SocketFactory
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { logCreator } from 'kafkajs'

  export interface NamespacedLogger {
    namespace(name: string): NamespacedLogger
  }
  const loggers: { createLogger(options: { level: number; logCreator: logCreator }): NamespacedLogger }
  export default loggers
}
