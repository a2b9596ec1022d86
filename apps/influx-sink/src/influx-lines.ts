import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { InfluxDB } from '@influxdata/influxdb-client'
import { writeFailure, type WriteOutcome } from './write-outcome.ts'

/** Writes lines once, in one request. Never rejects. One call at a time. */
export interface LineWriter {
  write(lines: readonly string[]): Promise<WriteOutcome>
  close(): void
}

export interface InfluxOptions {
  readonly url: string
  readonly token: string
  readonly org: string
  readonly bucket: string
  /** How long an answer may take. */
  readonly timeoutMs: number
}

/**
 * Over InfluxDB's own client, with nothing of its buffering: that drops the oldest lines when it is full and tells nobody. Each call is one request,
 * resolved by the server's answer.
 */
export function influxLines({ url, token, org, bucket, timeoutMs }: InfluxOptions): LineWriter {
  const agent = url.startsWith('https:') ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const client = new InfluxDB({ url, token, timeout: timeoutMs, transportOptions: { agent } })
  return {
    async write(lines) {
      const api = client.getWriteApi(org, bucket, 'ns', {
        batchSize: lines.length + 1, // never reached: the client would send by itself, and swallow the failure
        maxBatchBytes: Number.MAX_SAFE_INTEGER,
        flushInterval: 0,
        maxRetries: 0,
        writeFailed: (error) => Promise.reject(error), // instead of the client's own log on the console
      })
      api.writeRecords([...lines])
      try {
        await api.flush()
        return { ok: true }
      } catch (error) {
        agent.destroy() // a request that timed out would hold its connection for ever
        return { ok: false, failure: writeFailure(error) }
      }
    },
    close: () => agent.destroy(),
  }
}
