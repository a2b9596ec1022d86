import { readdir, readFile } from 'node:fs/promises'
import type { Host } from './launch-context.ts'

/** A process, and when it started, so that a later process with the same id is not taken for it. */
export interface ProcessIdentity {
  readonly pid: number
  /** In clock ticks since boot; empty where the system does not tell. */
  readonly startTicks: string
}

interface ProcessStat {
  readonly state: string
  readonly group: number
  readonly startTicks: string
}

/** The fields of /proc/PID/stat used here (see proc(5)); the program's name may itself hold spaces and parentheses. */
export function parseProcessStat(stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, , group, , , , , , , , , , , , , , , , , startTicks] = fields
  return state === undefined || startTicks === undefined ? undefined : { state, group: Number(group), startTicks }
}

async function readStat(pid: number | string): Promise<ProcessStat | undefined> {
  return readFile(`/proc/${pid}/stat`, 'utf8').then(parseProcessStat, () => undefined)
}

export async function identifyProcess(pid: number): Promise<ProcessIdentity> {
  return { pid, startTicks: (await readStat(pid))?.startTicks ?? '' }
}

/** Whether this very process still runs; a zombie does not. */
export async function isRunning(host: Host, { pid, startTicks }: ProcessIdentity): Promise<boolean> {
  if (!accepts(host, pid)) return false
  const stat = await readStat(pid)
  if (stat === undefined) return true
  return stat.state !== 'Z' && (startTicks === '' || stat.startTicks === startTicks)
}

/** Whether any process of the group runs, zombies left out. */
export async function isGroupRunning(host: Host, group: number): Promise<boolean> {
  if (!accepts(host, -group)) return false
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry))
  if (pids.length === 0) return true
  const stats = await Promise.all(pids.map(readStat))
  return stats.some((stat) => stat?.group === group && stat.state !== 'Z')
}

function accepts(host: Host, pid: number): boolean {
  try {
    host.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
