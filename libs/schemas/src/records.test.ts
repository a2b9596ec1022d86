import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'
import { recordSchemas } from './record-schemas.ts'
import type { FieldSchema, RecordSchema } from './records.ts'

const avroDir = new URL('../avro/', import.meta.url)
const recordsFile = fileURLToPath(new URL('./records.ts', import.meta.url))
const schemasFile = fileURLToPath(new URL('./record-schemas.ts', import.meta.url))
const generated = '// Generated from avro/*.avsc by `npm run generate`: change those.\n'
const typeScriptTypes: Record<string, string> = {
  string: 'string',
  boolean: 'boolean',
  long: 'number',
  double: 'number',
  null: 'null',
}

function readAvroFiles(): RecordSchema[] {
  const files = readdirSync(avroDir).filter((name) => name.endsWith('.avsc'))
  return files.map((name) => JSON.parse(readFileSync(new URL(name, avroDir), 'utf8')) as RecordSchema)
}

function typeScriptType(type: FieldSchema['type']): string {
  if (typeof type !== 'string') return [...type.slice(1), ...type.slice(0, 1)].map(typeScriptType).join(' | ')
  const name = typeScriptTypes[type]
  if (name === undefined) throw new Error(`no TypeScript type is known for the Avro type ${type}`)
  return name
}

function interfaceOf(schema: RecordSchema): string {
  const fields = schema.fields.map(({ name, type, doc }) => `/** ${doc} */\nreadonly ${name}: ${typeScriptType(type)}`)
  return `/** ${schema.doc} */\nexport interface ${schema.name} {\n${fields.join('\n')}\n}\n`
}

async function formatted(source: string): Promise<string> {
  return format(`${generated}${source}`, { ...(await resolveConfig(recordsFile)), parser: 'typescript' })
}

function recordsSource(schemas: RecordSchema[]): Promise<string> {
  const names = schemas.map(({ name }) => name)
  return formatted(`
/** A field of a record: an Avro primitive, or a primitive that may be null. */
export interface FieldSchema {
  readonly name: string
  readonly type: string | readonly string[]
  /** What it is, with its unit. */
  readonly doc: string
  readonly default?: null
}

/** An Avro record schema, as it is registered. */
export interface RecordSchema {
  readonly type: 'record'
  readonly name: SchemaName
  readonly namespace: string
  readonly doc: string
  readonly fields: readonly FieldSchema[]
}

${schemas.map(interfaceOf).join('\n')}
/** The records on the wire, by the name of their schema. */
export interface WireRecords { ${names.map((name) => `readonly ${name}: ${name}`).join('\n')} }

/** Name of a schema in \`recordSchemas\`. */
export type SchemaName = keyof WireRecords
`)
}

function schemasSource(schemas: RecordSchema[]): Promise<string> {
  return formatted(`
import type { RecordSchema, SchemaName } from './records.ts'

/** The Avro schemas themselves. */
export const recordSchemas: { readonly [N in SchemaName]: RecordSchema } = {
${schemas.map((schema) => `${schema.name}: ${JSON.stringify(schema)},`).join('\n')}
}
`)
}

test('the generated files say what the Avro schemas say (npm run generate brings them up to date)', async () => {
  await expect(await recordsSource(readAvroFiles())).toMatchFileSnapshot(recordsFile)
  await expect(await schemasSource(readAvroFiles())).toMatchFileSnapshot(schemasFile)
})

test('every field says what it is', () => {
  for (const schema of Object.values(recordSchemas)) {
    for (const field of schema.fields) expect(field.doc, `${schema.name}.${field.name}`).toMatch(/\w.*\.$/)
  }
})

test('a field that may be absent is null first and null by default, so that it can be added later', () => {
  for (const schema of Object.values(recordSchemas)) {
    for (const field of schema.fields) {
      if (typeof field.type === 'string') continue
      expect(field.type[0], `${schema.name}.${field.name}`).toBe('null')
      expect(field, `${schema.name}.${field.name}`).toHaveProperty('default', null)
    }
  }
})
