import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Mark } from './marks.ts'

/** What a side needed for the measured part. */
export interface Figures {
  /** From its first record to its last one, or until all is committed. */
  readonly wall_s: number
  /** Of the whole process, from the first record until all is committed. */
  readonly cpu_s: number
  /** Peak of the resident memory, start-up and warm-up included. */
  readonly rss_mb: number
}

export interface MeasuredOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Resolves when everything that the process was to do is committed. Asked for once the last record has come. */
  readonly untilCommitted: () => Promise<void>
  /** What ends the wall time, and what the processor time: the mark `end`, or that everything is committed. */
  readonly wallUntil: 'end' | 'committed'
  readonly cpuUntil: 'end' | 'committed'
  /** Seconds of the machine's monotonic clock, which the processes take their marks from. */
  readonly clockS: () => number
  /** The process is ended, and the measurement fails, after this long. */
  readonly limitMs: number
}

/** Linux counts processor time of processes in these, whatever the kernel's own tick. */
const TICKS_PER_S = 100
const TAIL_LINES = 20

/** Runs one side in a process of its own and measures it from `begin` on. It ends by SIGTERM. */
export async function measure(options: MeasuredOptions): Promise<Figures> {
  const { command, args, untilCommitted, wallUntil, cpuUntil, clockS, limitMs } = options
  const signal = AbortSignal.timeout(limitMs)
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' })
  const tail: string[] = []
  const marks = new Map<string, Mark>()
  const ended = Promise.withResolvers<undefined>()
  const exited = once(child, 'exit').then(([code]) => fail(`exited with ${String(code)}`))
  const fail = (what: string) => {
    throw new Error(`${[command, ...args].join(' ')}: ${what}; it said last:\n${tail.join('\n')}`)
  }
  exited.catch(() => undefined)
  child.on('error', (error) => ended.reject(error))
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      if (tail.push(line) > TAIL_LINES) tail.shift()
      if (!line.startsWith('{"mark"')) return
      const mark = JSON.parse(line) as Mark
      marks.set(mark.mark, mark)
      if (mark.mark === 'end') ended.resolve(undefined)
    })
  }
  try {
    await Promise.race([ended.promise, exited])
    const peakAtEnd = await peakMegabytes(child.pid!)
    await Promise.race([untilCommitted(), exited])
    const committed = { atS: clockS(), cpuS: await processorSeconds(child.pid!) }
    const peak = await peakMegabytes(child.pid!)
    const begin = marks.get('begin')
    const end = marks.get('end')
    if (begin === undefined || end === undefined) return fail('said no beginning')
    return {
      wall_s: (wallUntil === 'end' ? end : committed).atS - begin.atS,
      cpu_s: (cpuUntil === 'end' ? end : committed).cpuS - begin.cpuS,
      rss_mb: cpuUntil === 'end' ? peakAtEnd : peak,
    }
  } finally {
    child.kill('SIGTERM')
    await exited.catch(() => undefined)
  }
}

/** User and system time of a process, all its threads included. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name, in brackets, and may have spaces in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
}

/** Resident memory of a process now. */
export async function residentMegabytes(pid: number): Promise<number> {
  return memoryOf(pid, /^VmRSS:\s+(\d+) kB/m)
}

async function peakMegabytes(pid: number): Promise<number> {
  return memoryOf(pid, /^VmHWM:\s+(\d+) kB/m)
}

async function memoryOf(pid: number, field: RegExp): Promise<number> {
  return Number(field.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
