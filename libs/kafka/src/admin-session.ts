import { StreamsError } from '@tidemark/streams'
import kafkajs, { type Admin } from 'kafkajs'
import { kafkaError } from './kafka-error.ts'

/**
 * kafkajs' admin client, connected at the first question; what it throws becomes a `StreamsError` that names the subject: a retriable one
 * where the connection is to blame, or the broker's error code says so.
 */
export class AdminSession {
  readonly #admin: Admin
  #connected: Promise<void> | undefined

  constructor(admin: Admin) {
    this.#admin = admin
  }

  async ask<T>(subject: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      await (this.#connected ??= this.#connect())
      return await question(this.#admin)
    } catch (error) {
      if (error instanceof StreamsError) throw error
      const cause = error instanceof kafkajs.KafkaJSNumberOfRetriesExceeded ? error.cause : error
      // Such as of a broker that has not heard yet of a topic just made: whether to try again, the code says.
      if (cause instanceof kafkajs.KafkaJSProtocolError) throw kafkaError(cause.code, subject)
      const retriable = isOfConnection(cause)
      throw new StreamsError(
        retriable ? 'broker-unavailable' : 'protocol',
        `${subject}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error, retriable },
      )
    }
  }

  /** Tried anew by the next question where it fails. */
  async #connect(): Promise<void> {
    await this.#admin.connect().catch((error: unknown) => {
      this.#connected = undefined
      throw error
    })
  }

  async close(): Promise<void> {
    if (this.#connected !== undefined) await this.#admin.disconnect()
  }
}

function isOfConnection(error: unknown): boolean {
  return error instanceof kafkajs.KafkaJSConnectionError || error instanceof kafkajs.KafkaJSRequestTimeoutError
}
