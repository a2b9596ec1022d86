/** What was asked for can't be done, or must not be. The message is meant to be read by whoever asked. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
