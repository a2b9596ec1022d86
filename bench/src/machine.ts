import { cpus, loadavg, release, totalmem, version } from 'node:os'
import { execa } from 'execa'

/** What figures depend on. The load is that of the last minute, the bench's own included. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory_gb: number
  readonly system: string
  readonly node: string
  readonly java: string
  readonly load: number
}

export async function machine(): Promise<Machine> {
  const { exitCode, stderr } = await execa('java', ['-version'], { reject: false })
  const node = await execa('node', ['--version'])
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    system: `${release()} ${version()}`,
    node: node.stdout,
    java: exitCode === 0 ? (stderr.split('\n')[1] ?? stderr) : 'none',
    load: loadavg()[0] ?? 0,
  }
}
