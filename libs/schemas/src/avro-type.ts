import avsc, { type Type } from 'avsc'
import { repeatedStringType } from './repeated-strings.ts'

/** Parses an Avro schema into avsc's type for it. Values are plain data: a nullable field is its value or null. */
export function avroType(schema: object): Type {
  const text = repeatedStringType()
  return avsc.Type.forSchema(schema as Parameters<typeof Type.forSchema>[0], {
    omitRecordMethods: true,
    typeHook: (part: unknown) => (part === 'string' ? text : undefined),
  })
}
