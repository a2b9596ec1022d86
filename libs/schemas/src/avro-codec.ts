import { inspect } from 'node:util'
import avsc, { type Type } from 'avsc'
import { avroType } from './avro-type.ts'
import type { DecodeIssue, SchemaCodec } from './codec.ts'
import { recordSchemas } from './record-schemas.ts'
import type { SchemaName, WireRecords } from './records.ts'
import type { SchemaRegistry } from './schema-registry.ts'

/** Where a codec finds the schemas that bytes were written with, and the id of its own. */
export interface AvroCodecOptions {
  readonly registry: Pick<SchemaRegistry, 'idOf' | 'schemaById'>
  /** The registry's subject that holds the schema to write with: `valueSubject(topic)`. */
  readonly subject: string
}

/** The schemas whose records are `T`. */
export type SchemaNameOf<T> = { [N in SchemaName]: WireRecords[N] extends T ? N : never }[SchemaName]

const magicByte = 0
/** Below it avsc writes another number without a word (zigzag coding doubles it past the integers a double can hold). */
const minLong = -(2 ** 52)
/** Magic byte and schema id (big endian) stand before each Avro body: the Confluent wire format. */
const headerBytes = 5

/** How much of a wrong text an error repeats. */
const maxShownChars = 60

type Resolver = ReturnType<Type['createResolver']>
/** A writer's schema. No resolver: it is the reader's own. An issue: the reader can't read what was written with it. */
interface Writer {
  readonly type: Type
  readonly resolver?: Resolver | undefined
  readonly issue?: DecodeIssue
}

/**
 * The codec of a record, in Avro with the Confluent wire format.
 *
 * `decode` reads in place whatever a compatible writer wrote, once `load` has fetched the writer's schema; only with
 * `projection` it reads just those fields, about twice as fast. Issues: `malformed` (no such header, bytes missing or left over,
 * with the field where they are), `unknown-schema`, `invalid` (written with a schema that can't be read as this record).
 * `encode` writes with this version's schema, after `prepare`; a value with a wrong or missing field is a TypeError that names it. Longs reach from -2^52 to 2^53 - 2.
 */
export function avroCodec<N extends SchemaName, K extends keyof WireRecords[N]>(
  schemaName: N,
  options: AvroCodecOptions & { readonly projection: readonly K[] },
): SchemaCodec<Pick<WireRecords[N], K>>
export function avroCodec<N extends SchemaName>(schemaName: N, options: AvroCodecOptions): SchemaCodec<WireRecords[N]>
export function avroCodec<T extends WireRecords[SchemaName]>(
  schemaName: SchemaNameOf<T>,
  options: AvroCodecOptions,
): SchemaCodec<T>
export function avroCodec(
  schemaName: SchemaName,
  options: AvroCodecOptions & { readonly projection?: readonly PropertyKey[] },
): SchemaCodec<unknown> {
  return new AvroCodec(schemaName, options)
}

class AvroCodec implements SchemaCodec<unknown> {
  readonly #schemaName: SchemaName
  readonly #options: AvroCodecOptions
  /** What values are read as: all fields, or those of the projection. */
  readonly #reader: Type
  /** What values are written as; a projection can't write. */
  readonly #writer: Type | undefined
  readonly #writers = new Map<number, Writer>()
  readonly #decoded: { ok: true; value: unknown } = { ok: true, value: undefined }
  #lastId = -1
  #lastWriter: Writer | undefined
  readonly #longFields: readonly string[]
  #writeId = -1

  constructor(schemaName: SchemaName, options: AvroCodecOptions & { readonly projection?: readonly PropertyKey[] }) {
    this.#schemaName = schemaName
    this.#options = options
    const schema = recordSchemas[schemaName]
    this.#longFields = schema.fields.filter(({ type }) => [type].flat().includes('long')).map(({ name }) => name)
    const { projection } = options
    const fields = projection && schema.fields.filter(({ name }) => projection.includes(name))
    this.#reader = avroType(fields === undefined ? schema : { ...schema, fields })
    this.#writer = fields === undefined ? this.#reader : undefined
  }

  decode(bytes: Buffer, start: number, end: number) {
    if (end - start < headerBytes) return malformed(`${end - start} bytes are too short for Avro with a schema id`)
    const magic = bytes[start] as number
    if (magic !== magicByte)
      return malformed(`first byte is ${magic}, expected ${magicByte} as before Avro with a schema id`)
    const schemaId = bytes.readUInt32BE(start + 1)
    if (schemaId !== this.#lastId) {
      this.#lastWriter = this.#writers.get(schemaId)
      this.#lastId = schemaId
    }
    const writer = this.#lastWriter
    if (writer === undefined) return unknownSchema(schemaId)
    if (writer.issue !== undefined) return { ok: false as const, issue: writer.issue }
    const bodyStart = start + headerBytes
    try {
      const read: { value: unknown; offset: number } = this.#reader.decode(bytes, bodyStart, writer.resolver)
      if (read.offset !== end) return malformed(misfit(writer.type, bytes, { bodyStart, end }))
      this.#decoded.value = read.value
      return this.#decoded
    } catch (error) {
      return malformed(misfit(writer.type, bytes, { bodyStart, end, error }))
    }
  }

  encode(value: unknown, into: Buffer, position: number): number {
    if (this.#writer === undefined) throw new TypeError(`a projection of ${this.#schemaName} can only be read`)
    if (this.#writeId < 0) throw new Error(`prepare() the codec of ${this.#schemaName} before encoding with it`)
    let end: number
    try {
      end = this.#writer.encode(value, into, position + headerBytes)
    } catch (error) {
      throw new TypeError(wrongField(this.#writer, value) ?? (error as Error).message, { cause: error })
    }
    for (const name of this.#longFields) this.#expectExact(name, value as Record<string, number | null>)
    if (end < 0) return end
    into[position] = magicByte
    into.writeUInt32BE(this.#writeId, position + 1)
    return end
  }

  async load(schemaId: number): Promise<boolean> {
    const type = await this.#options.registry.schemaById(schemaId)
    if (type === undefined) return false
    this.#remember(schemaId, this.#writerOf(type, schemaId))
    return true
  }

  async prepare(): Promise<void> {
    if (this.#writer === undefined) return
    const id = await this.#options.registry.idOf(this.#options.subject, this.#schemaName)
    this.#remember(id, { type: this.#writer })
    this.#writeId = id
  }

  #expectExact(name: string, record: Record<string, number | null>): void {
    const long = record[name]
    if (long != null && long < minLong) {
      throw new TypeError(`field ${name} of ${this.#reader.name}: a long of at least -2^52 is expected, got ${long}`)
    }
  }

  #remember(schemaId: number, writer: Writer): void {
    this.#writers.set(schemaId, writer)
    this.#lastId = -1
  }

  #writerOf(type: Type, schemaId: number): Writer {
    if (this.#reader.equals(type)) return { type }
    try {
      return { type, resolver: this.#reader.createResolver(type, { ignoreNamespaces: true }) }
    } catch (error) {
      const message = `written with schema ${schemaId}, which can't be read as ${this.#schemaName}: ${(error as Error).message}`
      return { type, issue: { code: 'invalid', message } }
    }
  }
}

function malformed(message: string) {
  return { ok: false as const, issue: { code: 'malformed' as const, message } }
}

function unknownSchema(schemaId: number) {
  const message = `written with schema ${schemaId}, which is not known`
  return { ok: false as const, issue: { code: 'unknown-schema' as const, message, schemaId } }
}

/** Where a value that could not be read as a whole went wrong, and the error that was thrown, if any. */
interface Misfit {
  readonly bodyStart: number
  readonly end: number
  readonly error?: unknown
}

/** Reads field by field what could not be read as a whole, to say where it went wrong. */
function misfit(writer: Type, bytes: Buffer, { bodyStart, end, error }: Misfit): string {
  // Ends where the value does, so that no field is read from the bytes of what comes next.
  const body = bytes.subarray(0, end)
  let position = bodyStart
  for (const field of writer instanceof avsc.types.RecordType ? writer.fields : []) {
    try {
      position = field.type.decode(body, position).offset
    } catch (fieldError) {
      return `field ${field.name} of ${writer.name}: ${(fieldError as Error).message}`
    }
    if (!(position >= 0)) return `the value ends within field ${field.name} of ${writer.name}`
  }
  if (error !== undefined) return `${writer.name}: ${(error as Error).message}`
  return `${end - position} bytes are left over after ${writer.name}`
}

function wrongField(type: Type, value: unknown): string | undefined {
  let message: string | undefined
  type.isValid(value, {
    errorHook: (path: string[], wrong: unknown, expected: Type) => {
      const where = path.length === 0 ? '' : `field ${path.join('.')} of `
      message ??= `${where}${type.name}: ${String(expected)} is expected, got ${shown(wrong)}`
    },
  })
  return message
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: maxShownChars, maxArrayLength: 3 })
}
