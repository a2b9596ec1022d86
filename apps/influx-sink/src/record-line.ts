import { Point } from '@influxdata/influxdb-client'
import type { RecordSchema } from '@tidemark/schemas'

export type LineResult = { readonly ok: true; readonly line: string } | { readonly ok: false; readonly issue: string }

export interface LineOptions<V> {
  readonly measurement: string
  /** Fields that become tags; one that is null is left out. */
  readonly tags: readonly (keyof V & string)[]
  /** The point's time, in ms since the epoch. */
  readonly timeMs: (value: V) => number
  /** An id, the last six digits of which are ns after that: keeps two points of one millisecond apart. */
  readonly apartBy?: (value: V) => number
}

/** A record of these Avro types becomes a field of that InfluxDB type. */
const fieldTypes = {
  long: 'integer',
  int: 'integer',
  double: 'float',
  float: 'float',
  boolean: 'boolean',
  string: 'string',
} as const

const nsPerMs = 1_000_000n

type FieldType = (typeof fieldTypes)[keyof typeof fieldTypes]

/**
 * Turns records of a schema into InfluxDB's line protocol, after their Avro types: long is an integer, double a float; null is
 * left out; what is not a tag is a field. The same record gives the same series and time, so writing it again changes
 * nothing. An issue where a value can't be written: a tag is empty, a number is not finite.
 */
export function recordLine<V extends object>(schema: RecordSchema, options: LineOptions<V>): (value: V) => LineResult {
  const { measurement, tags, timeMs, apartBy = () => 0 } = options
  const fields = schema.fields
    .filter(({ name }) => !tags.includes(name as keyof V & string))
    .map(({ name, type }) => ({ name, type: fieldTypeOf(schema, name, type) }))
  return (record) => {
    const values = record as Readonly<Record<string, unknown>>
    const timeNs = BigInt(timeMs(record)) * nsPerMs + (BigInt(apartBy(record)) % nsPerMs)
    const point = new Point(measurement).timestamp(String(timeNs))
    for (const tag of tags) {
      const text = values[tag] as string | null
      if (text === null) continue
      // The client leaves out an empty tag, which would be another series, and can't escape a backslash at the end.
      if (text === '' || text.endsWith('\\')) return { ok: false, issue: `tag ${tag} is "${text}"` }
      point.tag(tag, text)
    }
    for (const { name, type } of fields) {
      const value = values[name]
      if (value === null || value === undefined) continue
      if (typeof value === 'number' && !Number.isFinite(value)) return { ok: false, issue: `field ${name} is ${value}` }
      addField(point, name, { type, value })
    }
    const line = point.toLineProtocol()
    return line === undefined ? { ok: false, issue: 'no field has a value' } : { ok: true, line }
  }
}

function addField(point: Point, name: string, { type, value }: { type: FieldType; value: unknown }): void {
  if (type === 'integer') point.intField(name, value)
  else if (type === 'float') point.floatField(name, value)
  else if (type === 'boolean') point.booleanField(name, value)
  else point.stringField(name, value)
}

function fieldTypeOf(schema: RecordSchema, name: string, type: string | readonly string[]): FieldType {
  const [avroType = ''] = (typeof type === 'string' ? [type] : type).filter((branch) => branch !== 'null')
  if (avroType in fieldTypes) return fieldTypes[avroType as keyof typeof fieldTypes]
  throw new TypeError(
    `schema ${schema.name}: field ${name} has the Avro type ${avroType}, which has no InfluxDB field type`,
  )
}
