import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import type { StreamsLogger } from '@tidemark/streams'
import type { JobSettings } from './job-settings.ts'

/** What a measured process says of itself, a JSON line each. */
export interface Mark {
  readonly mark: 'begin' | 'end'
  /** Seconds of a clock that never goes back. */
  readonly atS: number
  /** Processor time of the process so far: user and system, all threads. */
  readonly cpuS: number
}

/** What marks need of the process. */
export type MarkedProcess = Pick<NodeJS.Process, 'cpuUsage' | 'hrtime' | 'stdout'>

const SAMPLING_INTERVAL_US = 200

export interface Marks {
  /** Counts a record. */
  seen(): void
  /** Marks the restore of state, as far as the runtime logs it, where no records are counted. */
  readonly restoreLogger: StreamsLogger
  close(): void
}

/** Counts what is processed, and says when the measured part begins and when the last record has come. */
export function startMarks(
  process: MarkedProcess,
  { warmUp, records, profilePath }: Pick<JobSettings, 'warmUp' | 'records' | 'profilePath'>,
): Marks {
  let seen = 0
  let restoring = false
  const session = profilePath === undefined ? undefined : new Session()
  const mark = (name: Mark['mark']) => {
    const { user, system } = process.cpuUsage()
    const line: Mark = { mark: name, atS: Number(process.hrtime.bigint()) / 1e9, cpuS: (user + system) / 1e6 }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
  session?.connect()
  return {
    seen() {
      seen++
      if (seen === warmUp) {
        if (session !== undefined) void startProfile(session)
        mark('begin')
      }
      if (seen === records) {
        mark('end')
        if (session !== undefined) void stopProfile(session, profilePath!)
      }
    },
    restoreLogger: {
      ...console,
      info: (_fields, message) => {
        if (records > 0) return
        if (message === 'partition taken up where it was committed' && !restoring) {
          restoring = true
          mark('begin')
        }
        if (message === 'state restored from changelogs' && restoring) mark('end')
      },
    },
    close: () => session?.disconnect(),
  }
}

async function startProfile(session: Session): Promise<void> {
  // Sent at once, each in turn: nothing of the job runs in between.
  void session.post('Profiler.enable')
  void session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US })
  await session.post('Profiler.start')
}

async function stopProfile(session: Session, profilePath: string): Promise<void> {
  const { profile } = await session.post('Profiler.stop')
  writeFileSync(profilePath, JSON.stringify(profile))
}
