import { randomUUID } from 'node:crypto'
import { describe, expect, inject, test } from 'vitest'
import { avroCodec } from './avro-codec.ts'
import { recordSchemas } from './record-schemas.ts'
import type { Alert } from './records.ts'
import { connectRegistry } from './registry.ts'
import { compatibilityLevel } from './schema-registry.ts'
import { topics, valueSubject } from './topics.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    registry: string
  }
}

const unknownId = 2_000_000_000
const alert: Alert = {
  id: 'whale_order:BTCUSDT:1m:0',
  rule: 'whale_order',
  symbol: 'BTCUSDT',
  severity: 'info',
  status: 'firing',
  value: 6,
  threshold: 1,
  started_at_ms: 60_000,
  resolved_at_ms: null,
  text: 'six of them',
  window: '1m',
  window_start_ms: 0,
}

/** A subject that no other test or run knows. */
const newSubject = () => `${randomUUID()}-value`

/** Registers any schema, as a program of another version would. */
async function registerForeign(subject: string, schema: object): Promise<{ status: number; id: number }> {
  const response = await fetch(`${inject('registry')}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  })
  const { id } = (await response.json()) as { id: number }
  return { status: response.status, id }
}

describe('a real registry', () => {
  test('holds the schema of every topic after the prepare step', async () => {
    const registry = connectRegistry({ url: inject('registry') })
    for (const { name, valueSchema } of topics) {
      if (valueSchema === undefined) continue
      const schema = await registry.schemaById(await registry.idOf(valueSubject(name), valueSchema))
      expect(schema?.name, name).toBe(`tidemark.${valueSchema}`)
    }
  })

  test('registers a schema again and again under one id, which a lookup finds', async () => {
    const registry = connectRegistry({ url: inject('registry') })
    const subject = newSubject()
    const id = await registry.register(subject, 'Alert')
    expect(await registry.register(subject, 'Alert')).toBe(id)
    expect(await connectRegistry({ url: inject('registry') }).idOf(subject, 'Alert')).toBe(id)
  })

  test('takes a value from one codec to another', async () => {
    const registry = connectRegistry({ url: inject('registry') })
    const subject = newSubject()
    await registry.register(subject, 'Alert')
    const writer = avroCodec<Alert>('Alert', { registry, subject })
    await writer.prepare()
    const bytes = Buffer.alloc(500)
    const end = writer.encode(alert, bytes, 0)
    const reader = avroCodec<Alert>('Alert', { registry: connectRegistry({ url: inject('registry') }), subject })
    expect(reader.decode(bytes, 0, end)).toMatchObject({ ok: false, issue: { code: 'unknown-schema' } })
    expect(await reader.load(bytes.readUInt32BE(1))).toBe(true)
    expect(reader.decode(bytes, 0, end)).toMatchObject({ ok: true, value: alert })
  })

  test('says what is not there: a subject, a schema in a subject, an id', async () => {
    const registry = connectRegistry({ url: inject('registry') })
    await expect(registry.idOf(newSubject(), 'Alert')).rejects.toMatchObject({ code: 'not-registered' })
    const subject = newSubject()
    await registry.register(subject, 'Trade')
    await expect(registry.idOf(subject, 'Alert')).rejects.toMatchObject({ code: 'not-registered' })
    expect(await registry.schemaById(unknownId)).toBeUndefined()
  })

  test('refuses a schema with which older records could not be read', async () => {
    const registry = connectRegistry({ url: inject('registry') })
    await registry.setCompatibility(compatibilityLevel)
    const subject = newSubject()
    const older = { ...recordSchemas.Alert, fields: recordSchemas.Alert.fields.filter(({ name }) => name !== 'symbol') }
    expect((await registerForeign(subject, older)).status).toBe(200)
    await expect(registry.register(subject, 'Alert')).rejects.toMatchObject({ code: 'incompatible', retriable: false })
  })

  test('takes a later version with one more nullable field, which today’s reader can read', async () => {
    const registry = connectRegistry({ url: inject('registry') })
    const subject = newSubject()
    await registry.register(subject, 'Alert')
    const added = { name: 'note', type: ['null', 'string'], default: null }
    const later = { ...recordSchemas.Alert, fields: [...recordSchemas.Alert.fields, added] }
    const { status, id } = await registerForeign(subject, later)
    expect(status).toBe(200)
    const codec = avroCodec<Alert>('Alert', { registry, subject })
    expect(await codec.load(id)).toBe(true)
  })

  test('is not at an address without its path: an error, not an unknown schema', async () => {
    const { origin } = new URL(inject('registry'))
    const registry = connectRegistry({ url: origin, maxRetries: 0 })
    await expect(registry.schemaById(unknownId)).rejects.toMatchObject({ code: 'not-a-registry' })
  })
})
