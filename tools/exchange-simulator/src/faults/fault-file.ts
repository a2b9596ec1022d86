import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import type { z } from 'zod'
import { SimulatorError } from '../simulator-error.ts'
import { faultSchema, faultScriptSchema } from './fault.ts'
import type { Fault, FaultScript } from './fault.ts'
import { randomFaultScript } from './random-faults.ts'

/** Most complaints about a file that are listed. */
const MAX_ISSUES = 10

/** A fault script as it is named on a command line: a file of YAML or JSON, or `random:SEED:SECONDS`. */
export async function openFaultScript(name: string): Promise<FaultScript> {
  const random = /^random:(\d+):(\d+)$/.exec(name)
  if (random !== null) return randomFaultScript({ seed: Number(random[1]), durationMs: Number(random[2]) * 1000 })
  return readFaultScript(name)
}

async function readFaultScript(file: string): Promise<FaultScript> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw badFaults(`faults ${file}: ${error instanceof Error ? error.message : String(error)}`, error)
  })
  return parseFaultScript(text, file)
}

/** Checks the text of a fault script; `name` is for the messages only, which list all that is wrong. */
export function parseFaultScript(text: string, name: string): FaultScript {
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    throw badFaults(
      `faults ${name}: neither YAML nor JSON: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
  return checkFaultScript(value, name)
}

/** Checks a script that was made by a program. */
export function checkFaultScript(value: unknown, name: string): FaultScript {
  const parsed = faultScriptSchema.safeParse(value)
  if (!parsed.success) throw badFaults(`faults ${name}: ${issuesOf(parsed.error)}`)
  return parsed.data
}

/** Checks one fault, without its time. */
export function checkFault(value: unknown): Fault {
  const parsed = faultSchema.safeParse(value)
  if (!parsed.success) throw badFaults(`fault: ${issuesOf(parsed.error)}`)
  return parsed.data
}

function issuesOf({ issues }: z.ZodError): string {
  const lines = issues.slice(0, MAX_ISSUES).map(({ path, message }) => {
    const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
    return place === '' ? message : `${place.replace(/^\./, '')}: ${message}`
  })
  if (issues.length > MAX_ISSUES) lines.push(`and ${issues.length - MAX_ISSUES} more`)
  return lines.join('; ')
}

function badFaults(message: string, cause?: unknown): SimulatorError {
  return new SimulatorError('bad-faults', message, { cause })
}
