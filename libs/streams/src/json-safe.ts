import { parseEntryKey, type ChangedEntry } from '@tidemark/windowing'
import { StreamsError } from './errors.ts'

interface Unsafe {
  readonly what: string
  readonly path: string
}

/** Deeper than anybody's data: an object that holds itself has no end. */
const MAX_DEPTH = 200

/** Prototypes of objects that are nothing but their properties. */
const dataPrototypes = new WeakSet<object>([Object.prototype, Array.prototype])

/**
 * What of a value JSON would not bring back as it was, and where, such as `NaN at .total`: numbers that are not finite, `undefined` (not as a property:
 * one that is left out reads the same), bigints, functions, and objects whose class has members, such as a Date or a Map. Undefined where
 * all of it comes back. (That -0 becomes 0 is not told.)
 */
export function unsafeInside(value: unknown): string | undefined {
  const unsafe = find(value, 0)
  if (unsafe === undefined) return undefined
  return unsafe.path === '' ? unsafe.what : `${unsafe.what} at ${unsafe.path}`
}

/**
 * Entries of a changelog that go on as they come. Throws a StreamsError that names the state and the key for one with something that would not come back as
 * it was. `valueOf` takes out of an entry what a user has put in; undefined: it has nothing of theirs.
 */
export function* safeEntries(
  entries: Iterable<ChangedEntry>,
  { name, valueOf }: { readonly name: string; valueOf(entry: ChangedEntry): { readonly value: unknown } | undefined },
): Iterable<ChangedEntry> {
  for (const entry of entries) {
    const put = valueOf(entry)
    const unsafe = put && unsafeInside(put.value)
    if (unsafe !== undefined) throw notSafe(`${name}: what is kept of key ${parseEntryKey(entry[0]).name}`, unsafe)
    yield entry
  }
}

/** The value of a record that a step holds, which is the last of what its entry has; undefined for other entries. */
export function heldValueOf([entryKey, data]: ChangedEntry): { readonly value: unknown } | undefined {
  return entryKey.startsWith('r') && data !== undefined ? { value: (data as readonly unknown[]).at(-1) } : undefined
}

export function notSafe(subject: string, unsafe: string): StreamsError {
  return new StreamsError(
    'unsupported',
    `${subject} has ${unsafe}, which a changelog can't keep as it is: keep something else, or give a snapshot of it and its restore`,
  )
}

function find(value: unknown, depth: number): Unsafe | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : { what: String(value), path: '' }
    case 'object':
      return value === null ? undefined : findInside(value, depth)
    case 'undefined':
      return { what: 'undefined', path: '' }
    default:
      return { what: `a ${typeof value}`, path: '' }
  }
}

function findInside(object: object, depth: number): Unsafe | undefined {
  if (depth > MAX_DEPTH) return { what: `objects more than ${MAX_DEPTH} deep in each other`, path: '' }
  const prototype = Object.getPrototypeOf(object) as object | null
  if (prototype !== null && !isData(prototype)) {
    return { what: `an object of ${classOf(prototype)}`, path: '' }
  }
  if (Array.isArray(object)) {
    for (let index = 0; index < object.length; index++) {
      const unsafe = find(object[index], depth + 1)
      if (unsafe !== undefined) return { ...unsafe, path: `[${index}]${unsafe.path}` }
    }
    return undefined
  }
  for (const [key, value] of Object.entries(object)) {
    const unsafe = value === undefined ? undefined : find(value, depth + 1)
    if (unsafe !== undefined) return { ...unsafe, path: `.${key}${unsafe.path}` }
  }
  return undefined
}

/** A prototype need not be that of a class. */
function classOf({ constructor }: object): string {
  return typeof constructor === 'function' ? `class ${constructor.name}` : 'no class'
}

/** Also of a class without members, as those of decoded Avro records are: nothing is lost with it. */
function isData(prototype: object): boolean {
  if (dataPrototypes.has(prototype)) return true
  if (Object.getPrototypeOf(prototype) !== Object.prototype) return false
  if (Object.getOwnPropertyNames(prototype).some((name) => name !== 'constructor')) return false
  dataPrototypes.add(prototype)
  return true
}
