import type { Type } from 'avsc'
import type { SchemaName } from './records.ts'

/** What a new version of a subject's schema must keep; the names are the registry's. */
export type CompatibilityLevel =
  'NONE' | 'BACKWARD' | 'BACKWARD_TRANSITIVE' | 'FORWARD' | 'FORWARD_TRANSITIVE' | 'FULL' | 'FULL_TRANSITIVE'

/** The level of every subject of the product: a reader with the newest schema reads all that was ever written. */
export const compatibilityLevel = 'BACKWARD_TRANSITIVE' satisfies CompatibilityLevel

/** The schema registry as codecs and the stack use it. Every call may fail with a `RegistryError`. */
export interface SchemaRegistry {
  /** Makes the schema a version of the subject, unless it is one, and returns its id. */
  register(subject: string, schemaName: SchemaName): Promise<number>
  /** Sets the level for all subjects that have none of their own. */
  setCompatibility(level: CompatibilityLevel): Promise<void>
  /** The id under which the subject holds exactly this schema; `not-registered` where it does not. */
  idOf(subject: string, schemaName: SchemaName): Promise<number>
  /** The schema with that id; undefined where the registry has no Avro schema with it. */
  schemaById(id: number): Promise<Type | undefined>
}

export type RegistryErrorCode = 'unavailable' | 'not-a-registry' | 'not-registered' | 'incompatible' | 'refused'

/** A call to the registry that failed. The message names the subject or id, and the likely cause. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: RegistryErrorCode
  /** True where the same call can succeed later without anyone doing anything. */
  readonly retriable: boolean

  constructor(code: RegistryErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = code === 'unavailable'
  }
}

/** The one sentence for a schema that the registry should hold and does not. */
export function notRegistered(subject: string, schemaName: SchemaName): RegistryError {
  return new RegistryError(
    'not-registered',
    `schema ${schemaName} is not registered for subject ${subject} in this version: ` +
      "run the stack's prepare step (it creates the topics and registers the schemas)",
  )
}
