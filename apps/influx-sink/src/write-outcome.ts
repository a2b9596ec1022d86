import { HttpError } from '@influxdata/influxdb-client'

/**
 * Why lines were not written. `away`: the server can't be reached or is overloaded. `denied`: it knows no such organisation or
 * bucket, or does not take the token. `refused`: some of the lines are bad, the others may be written or not. `too-large`: fewer
 * lines at once may do. `unexpected`: an answer that InfluxDB does not give.
 */
export interface WriteFailure {
  readonly kind: 'away' | 'denied' | 'refused' | 'too-large' | 'unexpected'
  readonly message: string
  /** How long the server asks to wait. */
  readonly retryAfterMs?: number
  /** How many lines are bad, where the server says so. */
  readonly droppedLines?: number
}

export type WriteOutcome = { readonly ok: true } | { readonly ok: false; readonly failure: WriteFailure }

const overloaded = new Set([408, 425, 429])

/** What a rejected write means, by status and body as InfluxDB 2.7 answers them. */
export function writeFailure(error: unknown): WriteFailure {
  if (!(error instanceof HttpError))
    return { kind: 'away', message: error instanceof Error ? networkMessage(error) : String(error) }
  const { statusCode } = error
  const message = `${statusCode} ${error.message}`
  if (statusCode >= 500 || overloaded.has(statusCode)) return { kind: 'away', message, ...retryAfter(error) }
  if (statusCode === 401 || statusCode === 403) return { kind: 'denied', message: `${message} (INFLUX_TOKEN)` }
  if (statusCode === 404) return { kind: 'denied', message: `${message} (INFLUX_ORG, INFLUX_BUCKET, INFLUX_URL)` }
  if (statusCode === 413) return { kind: 'too-large', message }
  if (
    (statusCode === 400 && error.code === 'invalid') ||
    (statusCode === 422 && error.code === 'unprocessable entity')
  ) {
    const dropped = / dropped=(\d+)/.exec(error.message)?.[1]
    return { kind: 'refused', message, ...(dropped !== undefined && { droppedLines: Number(dropped) }) }
  }
  return { kind: 'unexpected', message: `${message}: no answer of InfluxDB 2, check INFLUX_URL` }
}

/** The header gives seconds (RFC 9110, 10.2.3); its other form, a date, is left out, as it would need the server's clock. */
function retryAfter(error: HttpError): { retryAfterMs?: number } {
  const header = error.headers?.['retry-after']
  return typeof header === 'string' && /^\d+$/.test(header) ? { retryAfterMs: Number(header) * 1000 } : {}
}

/** An attempt on several addresses of one host fails with an empty message and the reasons within. */
function networkMessage(error: Error): string {
  if (error.message !== '') return error.message
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error.name
}
