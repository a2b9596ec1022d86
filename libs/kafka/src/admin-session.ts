import { StreamsError } from '@tidemark/streams'
import type { Admin } from 'kafkajs'

/** kafkajs' admin client, connected at the first question; what it throws becomes a `StreamsError` that names the subject. */
export class AdminSession {
  readonly #admin: Admin
  #connected: Promise<void> | undefined

  constructor(admin: Admin) {
    this.#admin = admin
  }

  async ask<T>(subject: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      this.#connected ??= this.#admin.connect()
      await this.#connected
      return await question(this.#admin)
    } catch (error) {
      if (error instanceof StreamsError) throw error
      throw new StreamsError('protocol', `${subject}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }

  async close(): Promise<void> {
    if (this.#connected !== undefined) await this.#admin.disconnect()
  }
}
