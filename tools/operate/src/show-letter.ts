import { isUtf8 } from 'node:buffer'
import type { SchemaRegistry } from '@tidemark/schemas'
import type { LogReaderPort } from '@tidemark/streams'
import { storedLetter, type StoredLetter } from './dead-letter.ts'
import { sourceText, utc } from './list-letters.ts'
import { printableBytes, printableText } from './printable-text.ts'
import { RefusedError } from './refused-error.ts'
import { scanRange } from './scan-topic.ts'

export interface LetterPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Looks up the schemas that values name; absent where no registry is configured. */
export type SchemaLookup = Pick<SchemaRegistry, 'schemaById'>

/** Magic byte and schema id (big endian) stand before an Avro body. */
const AVRO_HEADER_BYTES = 5
const MAX_HEADER_CHARS = 2_000
const MAX_JSON_CHARS = 100_000
const BYTES_PER_LINE = 16
const control = /[^\P{Cc}\n\r\t]/u

/** Reads one letter. Rejects with a `RefusedError` that says which offsets there are, where it is not one of them. */
export async function findLetter(reader: LogReaderPort, position: LetterPosition): Promise<StoredLetter> {
  const { topic, partition, offset } = position
  const partitions = await reader.offsets(topic)
  const log = partitions[partition]
  if (log === undefined) {
    throw new RefusedError(`topic ${topic} has no partition ${partition}: it has ${partitions.length}, counted from 0`)
  }
  const { startOffset, endOffset } = log
  if (offset >= startOffset && offset < endOffset) {
    const range = { partition, fromOffset: offset, toOffset: offset + 1 }
    for await (const { cursor } of scanRange(reader, topic, range)) {
      return storedLetter(cursor, partition)
    }
  }
  const kept = startOffset === endOffset ? 'it is empty' : `it has ${startOffset} to ${endOffset - 1}`
  throw new RefusedError(`topic ${topic} partition ${partition} has no record at offset ${offset}: ${kept}`)
}

/** A letter as lines to print: why, all headers, and the value as Avro, text or bytes, at most `maxBytes` of it. */
export async function letterLines(
  letter: StoredLetter,
  { schemas, maxBytes }: { readonly schemas?: SchemaLookup; readonly maxBytes: number },
): Promise<string[]> {
  const { code, exception, message, attempts, key, headers, value, originalBytes } = letter
  const fields: [string, string][] = [
    ['partition', `${letter.partition}, offset ${letter.offset}`],
    ['time (UTC)', utc(letter.timeMs)],
    ['code', code === '' ? '–' : printableText(code)],
    ['exception', exception === '' ? '–' : printableText(exception)],
    ['message', message === '' ? '–' : printableText(message)],
    ['source', sourceText(letter)],
    ['attempts', String(attempts)],
    ['key', printableBytes(key, MAX_HEADER_CHARS)],
  ]
  const cut = originalBytes === undefined ? [] : [`  cut: it had ${originalBytes} bytes, and can't be replayed`]
  return [
    ...fields.map(([name, text]) => `${name.padEnd(12)}${text}`),
    `headers (${headers.length})`,
    ...headers.map((header) => `  ${printableText(header.key)}: ${printableBytes(header.value, MAX_HEADER_CHARS)}`),
    ...(value === null ? ['value: none'] : await valueLines(value, { maxBytes, ...(schemas && { schemas }) })),
    ...cut,
  ]
}

async function valueLines(
  value: Buffer,
  { schemas, maxBytes }: { readonly schemas?: SchemaLookup; readonly maxBytes: number },
): Promise<string[]> {
  const size = `${value.length} byte${value.length === 1 ? '' : 's'}`
  const avro = await decodedAvro(value, schemas)
  if ('lines' in avro) return [`value (${size}, Avro ${avro.name}):`, ...avro.lines]
  const note = avro.note === undefined ? [] : [`  ${avro.note}`]
  const shown = value.subarray(0, maxBytes)
  const rest = shown.length < value.length ? [`… ${value.length - shown.length} more bytes: raise --max-bytes`] : []
  const text = isUtf8(value) ? value.toString() : undefined
  if (text !== undefined && !control.test(text)) {
    const cutText = shown.length < value.length ? shown.toString() : text
    return [`value (${size}, text):`, ...note, printableText(cutText, { multiline: true }), ...rest]
  }
  return [`value (${size}):`, ...note, ...hexLines(shown), ...rest]
}

/** The value as lines of JSON, or why it is shown otherwise, where that is not plain. */
type Avro = { readonly name: string; readonly lines: readonly string[] } | { readonly note?: string }

async function decodedAvro(value: Buffer, schemas: SchemaLookup | undefined): Promise<Avro> {
  if (value.length < AVRO_HEADER_BYTES || value[0] !== 0) return {}
  if (schemas === undefined) return { note: 'set SCHEMA_REGISTRY_URL to see Avro decoded' }
  const id = value.readUInt32BE(1)
  const type = await schemas.schemaById(id)
  if (type === undefined) return { note: `not Avro, or its schema ${id} is not in the registry` }
  const name = type.name ?? type.typeName
  try {
    const read: { value: unknown; offset: number } = type.decode(value, AVRO_HEADER_BYTES)
    if (read.offset !== value.length) {
      return { note: `not readable as ${name} (schema ${id}): ${misfit(read.offset, value.length)}` }
    }
    const json = JSON.stringify(read.value, plainJson, 2)
    return { name, lines: [printableText(json, { multiline: true, maxChars: MAX_JSON_CHARS })] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { note: `not readable as ${name} (schema ${id}): ${printableText(reason)}` }
  }
}

/** avsc gives a negative offset where the bytes end too early. */
function misfit(offset: number, length: number): string {
  return offset < 0 ? 'the bytes end too early' : `${length - offset} bytes are left over`
}

function plainJson(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

/** Offset, bytes and the characters they stand for, as other tools show them. */
function hexLines(bytes: Buffer): string[] {
  return Array.from({ length: Math.ceil(bytes.length / BYTES_PER_LINE) }, (_, line) => {
    const part = bytes.subarray(line * BYTES_PER_LINE, (line + 1) * BYTES_PER_LINE)
    const digits = [...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const characters = part.toString('latin1').replace(/[^\x20-\x7e]/g, '.')
    return `${(line * BYTES_PER_LINE).toString(16).padStart(8, '0')}  ${digits.padEnd(BYTES_PER_LINE * 3)} ${characters}`
  })
}
