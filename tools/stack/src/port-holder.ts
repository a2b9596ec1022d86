import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * The process that listens on a TCP port, as `pid 4242 (java -jar …)`; undefined where the system does not tell
 * (other users' processes, or no /proc).
 */
export async function portHolder(port: number): Promise<string | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readOrEmpty))
  const inode = tables.map((table) => listeningInode(table, port)).find((found) => found !== undefined)
  if (inode === undefined) return undefined
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  for (const pid of pids) {
    if (!(await holdsSocket(pid, inode))) continue
    const commandLine = (await readOrEmpty(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim()
    return `pid ${pid} (${commandLine.length > 80 ? `${commandLine.slice(0, 79)}…` : commandLine})`
  }
  return undefined
}

/** The socket inode that listens (state 0A) on the port, from a table as in /proc/net/tcp (see proc(5)). */
export function listeningInode(table: string, port: number): string | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === '0A' && local.endsWith(`:${hexPort}`)) return inode
  }
  return undefined
}

async function holdsSocket(pid: string, inode: string): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
    if (target === `socket:[${inode}]`) return true
  }
  return false
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
