import type { ServerAddress } from './connection-options.ts'
import type { Call } from './protocol/call.ts'

/** One broker: two connections to it, one for fetches and one for all else, opened at first use and again after a loss. */
export interface BrokerConnection {
  readonly address: ServerAddress
  /**
   * Rejects with a `StreamsError`; one about the connection, or its `close`, is retriable, and says nothing on whether the request
   * arrived. Whether there is something to try again, at the broker's next address or another broker, its user knows.
   */
  send<T>(call: Call<T>): Promise<T>
  /** Gives up what is under way and closes. */
  close(): Promise<void>
}
