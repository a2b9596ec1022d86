import { InfluxDB } from '@influxdata/influxdb-client'
import { BucketsAPI, OrgsAPI, PingAPI, SetupAPI } from '@influxdata/influxdb-client-apis'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataFolder } from './data-folder.ts'
import type { LaunchContext } from './launch-context.ts'
import { startServer, type Server } from './server.ts'
import { StackError } from './stack-error.ts'

/** What the development InfluxDB is set up with. */
export const influxSetup = { org: 'tidemark', bucket: 'market', token: 'tidemark-dev-token' } as const

const account = { username: 'tidemark', password: 'tidemark-dev-password' } as const
const clientTimeoutMs = 30_000

export interface InfluxOptions {
  /** The `influxd` program. */
  readonly program: string
  readonly port: number
  /** How long points are kept; 0 is for ever. */
  readonly retentionSeconds: number
  readonly readyTimeoutMs: number
}

export function influxUrl(port: number): string {
  return `http://127.0.0.1:${port}`
}

/** Starts InfluxDB on the data dir; org, bucket and token are made the first time, the retention is set each time. */
export async function startInflux(context: LaunchContext, folder: DataFolder, options: InfluxOptions): Promise<Server> {
  const { program, port, retentionSeconds, readyTimeoutMs } = options
  const home = join(folder.path, 'influxdb')
  await mkdir(home, { recursive: true })
  const url = influxUrl(port)
  const anonymous = new InfluxDB({ url, timeout: clientTimeoutMs })
  const server = await startServer(context, folder, {
    title: 'InfluxDB',
    name: 'influxdb',
    command: program,
    cwd: home,
    env: withoutInfluxdSettings(context.host.env),
    args: [
      ...['--bolt-path', join(home, 'influxd.bolt')],
      ...['--engine-path', join(home, 'engine')],
      ...['--sqlite-path', join(home, 'influxd.sqlite')],
      ...['--http-bind-address', `127.0.0.1:${port}`],
      '--reporting-disabled',
    ],
    isReady: async () => {
      await new PingAPI(anonymous).getPing()
      return true
    },
    readyTimeoutMs,
  })
  try {
    const { allowed } = await new SetupAPI(anonymous).getSetup()
    if (allowed === true) {
      await new SetupAPI(anonymous).postSetup({
        body: { ...account, ...influxSetup, retentionPeriodSeconds: retentionSeconds },
      })
    } else {
      await settleBucket(new InfluxDB({ url, timeout: clientTimeoutMs, token: influxSetup.token }), retentionSeconds)
    }
    return server
  } catch (error) {
    await server.stop()
    const reason = error instanceof Error ? error.message : String(error)
    throw new StackError(
      'setup-failed',
      `InfluxDB in ${home} could not be set up with org ${influxSetup.org}, bucket ${influxSetup.bucket} and the development token (${reason}): if the folder was made by something else, choose another with --data-dir DIR`,
      { cause: error },
    )
  }
}

/** An InfluxDB that was set up before: its bucket may lack, or have another retention. */
async function settleBucket(influx: InfluxDB, retentionSeconds: number): Promise<void> {
  const buckets = new BucketsAPI(influx)
  const retentionRules = retentionSeconds === 0 ? [] : [{ type: 'expire' as const, everySeconds: retentionSeconds }]
  const found = (await buckets.getBuckets({ name: influxSetup.bucket, org: influxSetup.org })).buckets?.[0]
  if (found?.id === undefined) {
    const orgID = (await new OrgsAPI(influx).getOrgs({ org: influxSetup.org })).orgs?.[0]?.id
    if (orgID === undefined) throw new Error(`there is no org ${influxSetup.org}`)
    await buckets.postBuckets({ body: { orgID, name: influxSetup.bucket, retentionRules } })
  } else if ((found.retentionRules[0]?.everySeconds ?? 0) !== retentionSeconds) {
    await buckets.patchBucketsID({ bucketID: found.id, body: { retentionRules } })
  }
}

/** `influxd` reads settings from INFLUXD_*, which are meant for another instance. */
function withoutInfluxdSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('INFLUXD_')))
}

const secondsPerUnit = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const

/** `30d`, `24h`, `3600s` or plain seconds; missing, empty, `0` and `infinite` are for ever. Throws a `RangeError` on anything else. */
export function parseRetentionSeconds(text: string | undefined): number {
  if (text === undefined || text === '' || text === 'infinite') return 0
  const [, amount, unit = 's'] = /^(\d+)([smhdw]?)$/.exec(text) ?? []
  if (amount === undefined)
    throw new RangeError(`INFLUX_RETENTION is ${text}: write a duration such as 30d or 24h, or infinite`)
  return Number(amount) * secondsPerUnit[(unit || 's') as keyof typeof secondsPerUnit]
}
