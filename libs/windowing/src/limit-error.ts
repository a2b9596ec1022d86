/** A named limit of an operator's memory is reached. */
export class LimitError extends Error {
  override readonly name: string = 'LimitError'
}

/** More windows are open than the configured limit allows. */
export class OpenWindowLimitError extends LimitError {
  override readonly name = 'OpenWindowLimitError'
}

/** More records wait for those before them than the configured limit allows. */
export class HeldRecordLimitError extends LimitError {
  override readonly name = 'HeldRecordLimitError'
}
