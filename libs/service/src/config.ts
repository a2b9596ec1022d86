import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Which fields hold a secret; kept here so that a schema's own metadata stays free for its user. */
export const secretFields = z.registry<{ readonly secret: true }>()

/** With which a process ends that its settings keep from starting (EX_CONFIG of sysexits.h): starting it again does not help. */
export const WRONG_SETTINGS_EXIT_CODE = 78

/** The settings are wrong. The message lists every wrong setting, one a line, and never a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly issues: readonly string[]

  constructor(issues: readonly string[]) {
    super(
      `${issues.length === 1 ? 'a setting is wrong' : `${issues.length} settings are wrong`}:\n  ${issues.join('\n  ')}`,
    )
    this.issues = issues
  }
}

export interface LoadConfigOptions {
  /** Reads the file that `X_FILE` names. Default: from the file system, as UTF-8. */
  readonly readFile?: (path: string) => string
}

/**
 * Reads the settings that the schema names from the environment. An empty variable counts as unset. A field made with
 * `secret()` may also come from a file: `X_FILE=path`, one trailing line break dropped.
 *
 * Throws one `ConfigError` that lists every wrong setting with its name, what it got and what is expected (the field's
 * `description`).
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: Environment,
  options: LoadConfigOptions = {},
): z.output<S> {
  const readFile = options.readFile ?? ((path: string) => readFileSync(path, 'utf8'))
  const input: Record<string, string> = {}
  const unreadable = new Map<string, string>()
  for (const [name, field] of Object.entries(fieldsOf(schema))) {
    const read = isSecret(field) ? readSecret(name, env, readFile) : { value: env[name] }
    if ('issue' in read) unreadable.set(name, read.issue)
    else if (read.value !== undefined && read.value !== '') input[name] = read.value
  }
  const parsed = schema.safeParse(input)
  if (parsed.success && unreadable.size === 0) return parsed.data
  const wrong = parsed.success
    ? []
    : firstOfEachField(parsed.error.issues).filter((issue) => !unreadable.has(String(issue.path[0])))
  throw new ConfigError([...unreadable.values(), ...wrong.map((issue) => describeIssue(schema, input, issue))])
}

/**
 * The settings as they may be printed: secrets as `(set)`, unset ones left out, a password within an address hidden.
 */
export function printableConfig(
  schema: z.ZodObject,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const printable: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fieldsOf(schema))) {
    const value = config[name]
    if (value === undefined) continue
    printable[name] = isSecret(field) ? '(set)' : typeof value === 'string' ? withoutPassword(value) : value
  }
  return printable
}

type ReadSecret = { readonly value: string | undefined } | { readonly issue: string }

function readSecret(name: string, env: Environment, readFile: (path: string) => string): ReadSecret {
  const fileName = `${name}_FILE`
  const path = env[fileName]
  const value = env[name]
  if (path === undefined || path === '') return { value }
  if (value !== undefined && value !== '') return { issue: `${name} and ${fileName} are both set: unset one of them` }
  try {
    return { value: readFile(path).replace(/\r?\n$/, '') }
  } catch (error) {
    return {
      issue: `${fileName} is "${path}": expected a readable file (${error instanceof Error ? error.message : String(error)})`,
    }
  }
}

/** A value that is wrong in two ways is told once; what concerns no single field is kept whole. */
function firstOfEachField(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const seen = new Set<PropertyKey>()
  return issues.filter(({ path: [name] }) => name === undefined || (!seen.has(name) && seen.add(name)))
}

function describeIssue(schema: z.ZodObject, input: Record<string, string>, issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0] ?? '')
  const field = fieldsOf(schema)[name]
  if (field === undefined) return issue.message
  const expected = descriptionOf(field) ?? issue.message
  const value = input[name]
  if (value === undefined) return `${name} is not set: expected ${expected}`
  return `${name} is ${isSecret(field) ? 'not valid (not shown: a secret)' : `"${withoutPassword(value)}"`}: expected ${expected}`
}

/** Zod types the fields of an object schema that it knows nothing about as `any`. */
function fieldsOf(schema: z.ZodObject): Readonly<Record<string, z.core.$ZodType>> {
  return schema.shape
}

function isSecret(field: z.core.$ZodType): boolean {
  for (const layer of layersOf(field)) if (secretFields.get(layer)?.secret) return true // `get` sees through refinements, `has` does not
  return false
}

function descriptionOf(field: z.core.$ZodType): string | undefined {
  for (const layer of layersOf(field)) {
    const description = z.globalRegistry.get(layer)?.description
    if (description !== undefined) return description
  }
  return undefined
}

/** A field and what its wrappers (`optional`, `default`, `transform`) wrap, outermost first. */
function* layersOf(field: z.core.$ZodType): Iterable<z.core.$ZodType> {
  for (let layer: z.core.$ZodType | undefined = field; layer !== undefined;) {
    yield layer
    const { innerType, in: piped } = layer._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType }
    layer = innerType ?? piped
  }
}

function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^/:@\s]*):[^/@\s]*@/g, '$1:(hidden)@')
}
