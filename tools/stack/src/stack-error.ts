/** Why the stack could not start or go on; a closed list, so that callers can decide by it. */
export type StackErrorCode =
  | 'port-taken'
  | 'java-missing'
  | 'java-too-old'
  | 'maven-missing'
  | 'fetch-failed'
  | 'data-dir-in-use'
  | 'data-dir-not-writable'
  | 'server-exited'
  | 'server-not-ready'
  | 'setup-failed'
  | 'stopped'

/** An error whose message names the thing, the likely cause and what to do: it is meant to be shown as it is. */
export class StackError extends Error {
  readonly code: StackErrorCode

  constructor(code: StackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StackError'
    this.code = code
  }
}
