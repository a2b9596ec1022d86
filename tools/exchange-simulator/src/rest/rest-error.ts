/** An error as the REST side answers it: a status, and `{"code","msg"}`. Codes and texts are the documented ones. */
export interface RestError {
  readonly status: number
  readonly code: number
  readonly msg: string
}

export function restError(code: number, msg: string): RestError {
  return { status: 400, code, msg }
}
