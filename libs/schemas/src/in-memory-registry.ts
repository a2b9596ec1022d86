import type { Type } from 'avsc'
import { avroType } from './avro-type.ts'
import { recordSchemas } from './record-schemas.ts'
import type { SchemaName } from './records.ts'
import { notRegistered, type CompatibilityLevel, type SchemaRegistry } from './schema-registry.ts'
import { topics, valueSubject } from './topics.ts'

/** A registry in this process, for tests. */
export interface InMemoryRegistry extends SchemaRegistry {
  /** Takes in any Avro schema, such as one of another version of the product, and returns its id. */
  add(schema: object): number
  /** The level that was set last; NONE at first, as in a registry just installed. */
  readonly compatibility: CompatibilityLevel
}

/**
 * Makes a registry that keeps its schemas in memory. It starts as the stack leaves a real one before the apps start, with the
 * schema of every topic registered; `prepared: false` starts it empty. It judges no compatibility.
 */
export function inMemoryRegistry(options: { prepared?: boolean } = {}): InMemoryRegistry {
  const typesById = new Map<number, Type>()
  const idsBySchema = new Map<string, number>()
  const registered = new Set<string>()
  let compatibility: CompatibilityLevel = 'NONE'

  function add(schema: object): number {
    const text = JSON.stringify(schema)
    const known = idsBySchema.get(text)
    if (known !== undefined) return known
    const id = idsBySchema.size + 1
    typesById.set(id, avroType(schema))
    idsBySchema.set(text, id)
    return id
  }
  function register(subject: string, schemaName: SchemaName): number {
    registered.add(`${subject} ${schemaName}`)
    return add(recordSchemas[schemaName])
  }
  if (options.prepared ?? true) {
    for (const { name, valueSchema } of topics) if (valueSchema !== undefined) register(valueSubject(name), valueSchema)
  }
  return {
    add,
    register: (subject, schemaName) => Promise.resolve(register(subject, schemaName)),
    setCompatibility: (level) => {
      compatibility = level
      return Promise.resolve()
    },
    get compatibility() {
      return compatibility
    },
    idOf: (subject, schemaName) =>
      registered.has(`${subject} ${schemaName}`)
        ? Promise.resolve(add(recordSchemas[schemaName]))
        : Promise.reject(notRegistered(subject, schemaName)),
    schemaById: (id) => Promise.resolve(typesById.get(id)),
  }
}
